// y = x Wᵀ + b. Few rows (decoding, LoRA on short inputs) read the row-major weight in place at memory speed through
// our kernel; many rows go to libtorch's product. Differentiable in all three.
#pragma once

#include <ATen/core/Tensor.h>

namespace llmbox {

/// x (N, in), weight (out, in), bias (out) or undefined → (N, out). Call it as llmbox::linear: at has one too.
at::Tensor linear(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias);

}  // namespace llmbox
