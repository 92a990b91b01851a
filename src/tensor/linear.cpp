#include "tensor/linear.h"

#include "tensor/kernel_access.h"

namespace llmbox {

namespace {

at::Tensor skinny_linear(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias) {
  const at::Tensor y = at::empty({x.size(0), weight.size(0)}, x.options());
  by_type(x, [&](auto type) {
    using T = decltype(type);
    const auto kernel = kernel_table().of<T>().product.skinny;
    const SkinnyArgs<T> args{pointer<T>(x), pointer<T>(weight), pointer<T>(bias), mutable_pointer<T>(y),
                             x.size(0),     weight.size(0),     weight.size(1)};
    const int64_t grain = std::max<int64_t>(4, 32768 / std::max<int64_t>(1, args.k * args.rows));
    at::parallel_for(0, (args.n + 3) / 4, (grain + 3) / 4,
                     [&](int64_t begin, int64_t end) { kernel(args, begin * 4, std::min(end * 4, args.n)); });
  });
  return y;
}

}  // namespace

at::Tensor linear(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias) {
  const bool few =
      x.dim() == 2 && x.size(0) > 0 && x.size(0) <= kSkinnyRows && x.is_contiguous() && weight.is_contiguous();
  if (few && !needs_grad({x, weight, bias}) && kernels_take({x, weight, bias})) {
    return skinny_linear(x, weight, bias.defined() ? bias.contiguous() : bias);
  }
  return at::linear(x, weight, bias.defined() ? std::optional(bias) : std::nullopt);
}

}  // namespace llmbox
