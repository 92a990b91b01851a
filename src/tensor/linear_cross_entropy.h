// The output head and its loss as one op: logits exist for a few hundred rows at a time and never as a whole. Rows
// whose label is kIgnoredLabel are dropped before the product. The gradients are made in the forward pass, while the
// logits are at hand, so that the head's product is computed once.
#pragma once

#include <ATen/core/Tensor.h>

namespace llmbox {

inline constexpr int64_t kIgnoredLabel = -100;

/// What happens to the product before it is a logit: z → softcap·tanh(scale z / softcap), softcap 0: scale z.
struct LogitShape {
  double scale = 1;
  double softcap = 0;
  bool is_plain() const { return scale == 1 && softcap == 0; }
};

/// Sum over rows of -log softmax(hidden weightᵀ + bias)[label], a float32 scalar, differentiable in hidden, weight and
/// bias. hidden (N, E), weight (V, E), bias (V) or undefined, labels (N) int64, kIgnoredLabel = skipped.
at::Tensor linear_cross_entropy(const at::Tensor& hidden, const at::Tensor& weight, const at::Tensor& bias,
                                const at::Tensor& labels, const LogitShape& shape = {});
at::Tensor linear_cross_entropy_naive(const at::Tensor& hidden, const at::Tensor& weight, const at::Tensor& bias,
                                      const at::Tensor& labels, const LogitShape& shape = {});

struct TokenScores {
  at::Tensor logprob;    // (M) float32, log softmax(logits)[target]
  at::Tensor is_argmax;  // (M) bool, the target is the most likely token (the first of equals)
};

/// Scores of the targets (M) int64 under hidden (M, E); no gradient, no full logits.
TokenScores linear_token_scores(const at::Tensor& hidden, const at::Tensor& weight, const at::Tensor& bias,
                                const at::Tensor& targets);

}  // namespace llmbox
