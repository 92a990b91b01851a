// A causal convolution over the tokens of each segment, every channel by itself (Mamba's and the delta rule's short
// one), differentiable in x, weight and bias. What lies before a segment is zero, or the state its sequence left.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <span>

namespace llmbox {

/// x (N, C) → (N, C): the row `back` tokens before each one in its segment. states (S, history, C) or undefined
/// (zeros). Requires: back ≤ history.
at::Tensor rows_before(const at::Tensor& x, int64_t back, std::span<const int64_t> segment_starts,
                       const at::Tensor& states);

/// x (N, C), weight (C, W), bias (C) or undefined → (N, C). y_t = b + Σ_w weight[w] · x_{t - (W - 1) + w}.
/// states (S, W - 1, C) or undefined: the inputs before each segment, oldest first.
at::Tensor causal_conv(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                       std::span<const int64_t> segment_starts, const at::Tensor& states);

/// The states after the segments, (S, width - 1, C), to go on from. No gradient.
at::Tensor causal_conv_states(const at::Tensor& x, int64_t width, std::span<const int64_t> segment_starts,
                              const at::Tensor& states);

}  // namespace llmbox
