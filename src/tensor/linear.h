// y = x Wᵀ + b. In c10::InferenceMode our own product reads the row-major weight in place, and a row's result is the
// same bits whatever the other rows; otherwise libtorch's product, differentiable in all three.
#pragma once

#include <ATen/core/Tensor.h>

namespace llmbox {

/// x (N, in), weight (out, in), bias (out) or undefined → (N, out). Call it as llmbox::linear: at has one too.
at::Tensor linear(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias);

}  // namespace llmbox
