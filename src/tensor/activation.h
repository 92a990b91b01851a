// Activations of feed-forward layers, differentiable. bf16 inputs are computed in float and rounded once; the backward
// pass recomputes from the inputs, so nothing but the inputs is kept.
#pragma once

#include <ATen/core/Tensor.h>

namespace llmbox {

/// silu(gate) · up, both (N, F).
at::Tensor swiglu(const at::Tensor& gate, const at::Tensor& up);
at::Tensor swiglu_naive(const at::Tensor& gate, const at::Tensor& up);

/// gelu(x), exact (erf) or by the tanh approximation (GPT-2's gelu_new).
at::Tensor gelu(const at::Tensor& x, bool tanh_approx);

}  // namespace llmbox
