// Activations of feed-forward layers, differentiable. bf16 inputs are computed in float and rounded once; the backward
// pass recomputes from the inputs, so nothing but the inputs is kept.
#pragma once

#include <ATen/core/Tensor.h>

namespace llmbox {

/// silu(gate) · up, both (N, F).
at::Tensor swiglu(const at::Tensor& gate, const at::Tensor& up);
at::Tensor swiglu_naive(const at::Tensor& gate, const at::Tensor& up);

/// Elementwise, of any shape; call them as llmbox::…. In c10::InferenceMode an element's bits do not depend on where in
/// the tensor it lies (libtorch's own loops treat the ends of a thread's share differently).
at::Tensor gelu(const at::Tensor& x, bool tanh_approx);  // exact (erf) or by the tanh approximation (GPT-2's gelu_new)
at::Tensor sigmoid(const at::Tensor& x);
at::Tensor silu(const at::Tensor& x);
at::Tensor softplus(const at::Tensor& x);
at::Tensor tanh(const at::Tensor& x);
at::Tensor exp(const at::Tensor& x);

}  // namespace llmbox
