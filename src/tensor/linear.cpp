#include "tensor/linear.h"

#include <algorithm>

#include "core/error.h"
#include "tensor/kernel_access.h"

namespace llmbox {

namespace {

constexpr int64_t kBlockBytes = 256 << 10;  // of the weight: stays in the second-level cache
constexpr int64_t kBlockRows = 384;
constexpr int64_t kSmallWork = 1 << 18;  // multiplications below which a second thread costs more than it brings

/// One product, cut into blocks that threads take as they become free.
template <class T>
struct Product {
  ProductArgs<T> args;
  int64_t n_row;

  int64_t width() const {
    const int64_t bytes_per_output = std::max<int64_t>(1, args.k * static_cast<int64_t>(sizeof(T)));
    return std::clamp<int64_t>(kBlockBytes / bytes_per_output / 4 * 4, 4, 128);
  }
  int64_t across() const { return (args.n + width() - 1) / width(); }
  int64_t n_block() const { return across() * ((n_row + kBlockRows - 1) / kBlockRows); }
  int64_t work() const { return n_row * args.n * args.k; }
  void run(int64_t block) const {
    const int64_t row = block / across() * kBlockRows, column = block % across() * width();
    kernel_table().of<T>().product.block(
        args, {row, std::min(row + kBlockRows, n_row), column, std::min(column + width(), args.n)});
  }
};

/// All blocks of all products, shared among threads where that is worth it.
template <class T>
void multiply(std::span<const Product<T>> products) {
  std::vector<int64_t> ends;  // of each product's blocks among all
  int64_t work = 0;
  for (const Product<T>& product : products) {
    ends.push_back((ends.empty() ? 0 : ends.back()) + product.n_block());
    work += product.work();
  }
  const int64_t n_block = ends.empty() ? 0 : ends.back();
  const auto item = [&](int64_t i) {
    const auto which = static_cast<size_t>(std::upper_bound(ends.begin(), ends.end(), i) - ends.begin());
    products[which].run(i - (which == 0 ? 0 : ends[which - 1]));
  };
  if (work < kSmallWork) {
    for (int64_t i = 0; i < n_block; ++i) item(i);
  } else {
    parallel_items(n_block, item);
  }
}

}  // namespace

at::Tensor linear(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias) {
  if (x.dim() != 2 || !c10::InferenceMode::is_enabled() || !kernels_take({x, weight, bias}) || !weight.is_contiguous())
    return at::linear(x, weight, bias.defined() ? std::optional(bias) : std::nullopt);
  const at::Tensor rows = x.contiguous(), offset = bias.defined() ? bias.contiguous() : bias;
  const at::Tensor y = at::empty({x.size(0), weight.size(0)}, x.options());
  by_type(x, [&](auto type) {
    using T = decltype(type);
    const Product<T> product{{pointer<T>(rows), pointer<T>(weight), pointer<T>(offset), mutable_pointer<T>(y),
                              weight.size(0), weight.size(1)},
                             x.size(0)};
    multiply<T>({&product, 1});
  });
  return y;
}

at::Tensor grouped_linear(const at::Tensor& x, std::span<const int64_t> starts, std::span<const at::Tensor> weights) {
  CHECK(starts.size() == weights.size() + 1, "{} borders of {} groups", starts.size(), weights.size());
  bool fast = c10::InferenceMode::is_enabled();
  for (const at::Tensor& weight : weights) fast = fast && kernels_take({x, weight}) && weight.is_contiguous();
  if (!fast) {
    std::vector<at::Tensor> parts;
    for (size_t g = 0; g < weights.size(); ++g)
      if (starts[g + 1] > starts[g])
        parts.push_back(llmbox::linear(x.slice(0, starts[g], starts[g + 1]), weights[g], at::Tensor()));
    return parts.empty() ? at::empty({0, weights.empty() ? 0 : weights[0].size(0)}, x.options()) : at::cat(parts);
  }
  const int64_t n = weights.empty() ? 0 : weights[0].size(0);
  const at::Tensor rows = x.contiguous(), y = at::empty({x.size(0), n}, x.options());
  by_type(x, [&](auto type) {
    using T = decltype(type);
    std::vector<Product<T>> products;
    for (size_t g = 0; g < weights.size(); ++g) {
      const int64_t k = weights[g].size(1);
      products.push_back({{pointer<T>(rows) + starts[g] * k, pointer<T>(weights[g]), nullptr,
                           mutable_pointer<T>(y) + starts[g] * n, n, k},
                          starts[g + 1] - starts[g]});
    }
    multiply<T>(products);
  });
  return y;
}

}  // namespace llmbox
