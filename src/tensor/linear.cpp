#include "tensor/linear.h"

#include "tensor/kernel_access.h"

namespace llmbox {

namespace {

constexpr int64_t kBlockBytes = 256 << 10;  // of the weight: stays in the second-level cache
constexpr int64_t kBlockRows = 384;
constexpr int64_t kSmallWork = 1 << 18;  // multiplications below which a second thread costs more than it brings

template <class T>
void multiply(const ProductArgs<T>& args, int64_t n_row) {
  const auto kernel = kernel_table().of<T>().product.block;
  const int64_t bytes_per_output = std::max<int64_t>(1, args.k * static_cast<int64_t>(sizeof(T)));
  const int64_t width = std::clamp<int64_t>(kBlockBytes / bytes_per_output / 4 * 4, 4, 128);
  const int64_t across = (args.n + width - 1) / width, down = (n_row + kBlockRows - 1) / kBlockRows;
  const auto item = [&](int64_t i) {
    const int64_t row = i / across * kBlockRows, column = i % across * width;
    kernel(args, {row, std::min(row + kBlockRows, n_row), column, std::min(column + width, args.n)});
  };
  if (n_row * args.n * args.k < kSmallWork) {
    for (int64_t i = 0; i < across * down; ++i) item(i);
  } else {
    parallel_items(across * down, item);
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
    multiply<T>({pointer<T>(rows), pointer<T>(weight), pointer<T>(offset), mutable_pointer<T>(y), weight.size(0),
                 weight.size(1)},
                x.size(0));
  });
  return y;
}

}  // namespace llmbox
