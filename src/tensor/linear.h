// y = x Wᵀ + b. In c10::InferenceMode our own product reads the row-major weight in place, and a row's result is the
// same bits whatever the other rows; otherwise libtorch's product, differentiable in all three.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <span>

namespace llmbox {

/// x (N, in), weight (out, in), bias (out) or undefined → (N, out). Call it as llmbox::linear: at has one too.
at::Tensor linear(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias);

/// Rows [starts[g], starts[g + 1]) of x (N, in) with weights[g] (out, in) each, the blocks of all groups shared among
/// the threads at once: (N, out), the same bits as linear() of each group. Differentiable.
at::Tensor grouped_linear(const at::Tensor& x, std::span<const int64_t> starts, std::span<const at::Tensor> weights);

}  // namespace llmbox
