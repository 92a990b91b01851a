#include "tensor/norm.h"

namespace llmbox {

namespace {

at::ScalarType at_least_float(const at::Tensor& x) { return x.scalar_type() == at::kDouble ? at::kDouble : at::kFloat; }

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
  return rms_norm_naive(x, weight, eps);
}

at::Tensor layer_norm(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias, double eps) {
  return layer_norm_naive(x, weight, bias, eps);
}

}  // namespace llmbox
