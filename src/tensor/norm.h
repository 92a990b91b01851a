// Normalisation over the last dimension, differentiable in x and in the parameters. bf16 inputs are computed in float
// and rounded once. f32 and bf16 on a CPU run our kernels; anything else runs the naive twin, which is plain ATen.
#pragma once

#include <ATen/core/Tensor.h>

namespace llmbox {

/// x / sqrt(mean(x²) + eps) · weight. x (…, E), weight (E).
at::Tensor rms_norm(const at::Tensor& x, const at::Tensor& weight, double eps);
at::Tensor rms_norm_naive(const at::Tensor& x, const at::Tensor& weight, double eps);

/// (x - mean) / sqrt(var + eps) · weight + bias. bias (E) may be undefined.
at::Tensor layer_norm(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias, double eps);
at::Tensor layer_norm_naive(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias, double eps);

}  // namespace llmbox
