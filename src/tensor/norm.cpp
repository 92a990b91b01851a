#include "tensor/norm.h"

#include "tensor/differentiable.h"
#include "tensor/kernel_access.h"

namespace llmbox {

namespace {

enum class NormKind { rms, layer };

constexpr int64_t kGradRows = 64;  // rows whose weight gradients are summed before they meet the other blocks'

at::ScalarType at_least_float(const at::Tensor& x) { return x.scalar_type() == at::kDouble ? at::kDouble : at::kFloat; }

at::Tensor norm_forward(NormKind kind, const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                        double eps) {
  at::Tensor y = at::empty(x.sizes(), x.options());
  const int64_t width = x.size(-1), rows = width == 0 ? 0 : x.numel() / width;
  by_type(x, [&](auto type) {
    using T = decltype(type);
    const RowKernels<T>& kernels = kernel_table().of<T>().rows;
    const auto kernel = kind == NormKind::rms ? kernels.rms_norm : kernels.layer_norm;
    at::parallel_for(0, rows, row_grain(width), [&](int64_t begin, int64_t end) {
      kernel({pointer<T>(x) + begin * width, pointer<T>(weight), pointer<T>(bias),
              mutable_pointer<T>(y) + begin * width, end - begin, width, static_cast<float>(eps)});
    });
  });
  return y;
}

struct NormGrads {
  at::Tensor x, weight, bias;
};

/// Gradients of the parameters are summed over fixed blocks of rows, then over the blocks in order.
NormGrads norm_backward(NormKind kind, const at::Tensor& x, const at::Tensor& weight, const at::Tensor& dy,
                        double eps) {
  const int64_t width = x.size(-1), rows = width == 0 ? 0 : x.numel() / width;
  const int64_t blocks = (rows + kGradRows - 1) / kGradRows;
  NormGrads grads{at::empty(x.sizes(), x.options()), {}, {}};
  const at::Tensor dweight = at::empty({blocks, width}, x.options().dtype(at::kFloat));
  const at::Tensor dbias = kind == NormKind::layer ? at::empty_like(dweight) : at::Tensor();
  by_type(x, [&](auto type) {
    using T = decltype(type);
    const RowKernels<T>& kernels = kernel_table().of<T>().rows;
    const auto kernel = kind == NormKind::rms ? kernels.rms_norm_grad : kernels.layer_norm_grad;
    at::parallel_for(0, blocks, 1, [&](int64_t begin, int64_t end) {
      for (int64_t b = begin; b < end; ++b) {
        const int64_t at = b * kGradRows * width, n = std::min(kGradRows, rows - b * kGradRows);
        kernel({pointer<T>(x) + at, pointer<T>(weight), pointer<T>(dy) + at, mutable_pointer<T>(grads.x) + at,
                mutable_pointer<float>(dweight) + b * width,
                dbias.defined() ? mutable_pointer<float>(dbias) + b * width : nullptr, n, width,
                static_cast<float>(eps)});
      }
    });
  });
  grads.weight = dweight.sum(0).to(weight.scalar_type());
  if (dbias.defined()) grads.bias = dbias.sum(0).to(weight.scalar_type());
  return grads;
}

}  // namespace

at::Tensor rms_norm_naive(const at::Tensor& x, const at::Tensor& weight, double eps) {
  const at::Tensor wide = x.to(at_least_float(x));
  const at::Tensor scale = at::rsqrt(wide.square().mean(-1, true) + eps);
  return (wide * scale * weight.to(wide.scalar_type())).to(x.scalar_type());
}

at::Tensor layer_norm_naive(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias, double eps) {
  const at::Tensor wide = x.to(at_least_float(x));
  const at::Tensor centered = wide - wide.mean(-1, true);
  const at::Tensor scale = at::rsqrt(centered.square().mean(-1, true) + eps);
  at::Tensor y = centered * scale * weight.to(wide.scalar_type());
  if (bias.defined()) y = y + bias.to(wide.scalar_type());
  return y.to(x.scalar_type());
}

at::Tensor rms_norm(const at::Tensor& x, const at::Tensor& weight, double eps) {
  if (!kernels_take({x, weight})) return rms_norm_naive(x, weight, eps);
  const at::Tensor rows = x.contiguous(), w = weight.contiguous();
  if (!needs_grad({x, weight})) return norm_forward(NormKind::rms, rows, w, {}, eps);
  return differentiable(
      {rows, w},
      [&] {
        return Computed{norm_forward(NormKind::rms, rows, w, {}, eps), {rows, w}};
      },
      [eps](const auto& saved, const at::Tensor& dy) {
        const NormGrads grads = norm_backward(NormKind::rms, saved[0], saved[1], dy, eps);
        return std::vector{grads.x, grads.weight};
      });
}

at::Tensor layer_norm(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias, double eps) {
  if (!kernels_take({x, weight, bias})) return layer_norm_naive(x, weight, bias, eps);
  const at::Tensor rows = x.contiguous(), w = weight.contiguous(), b = bias.defined() ? bias.contiguous() : bias;
  if (!needs_grad({x, weight, bias})) return norm_forward(NormKind::layer, rows, w, b, eps);
  return differentiable(
      {rows, w, b},
      [&] {
        return Computed{norm_forward(NormKind::layer, rows, w, b, eps), {rows, w}};
      },
      [eps](const auto& saved, const at::Tensor& dy) {
        const NormGrads grads = norm_backward(NormKind::layer, saved[0], saved[1], dy, eps);
        return std::vector{grads.x, grads.weight, grads.bias};
      });
}

}  // namespace llmbox
