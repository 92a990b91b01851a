#include "tensor/linear_cross_entropy.h"

namespace llmbox {

namespace {

at::Tensor wide_logits(const at::Tensor& hidden, const at::Tensor& weight, const at::Tensor& bias) {
  const at::Tensor logits = at::linear(hidden, weight, bias.defined() ? std::optional(bias) : std::nullopt);
  return hidden.scalar_type() == at::kDouble ? logits : logits.to(at::kFloat);
}

}  // namespace

at::Tensor linear_cross_entropy_naive(const at::Tensor& hidden, const at::Tensor& weight, const at::Tensor& bias,
                                      const at::Tensor& labels) {
  const at::Tensor logits = wide_logits(hidden, weight, bias);
  return at::cross_entropy_loss(logits, labels, {}, at::Reduction::Sum, kIgnoredLabel);
}

at::Tensor linear_cross_entropy(const at::Tensor& hidden, const at::Tensor& weight, const at::Tensor& bias,
                                const at::Tensor& labels) {
  return linear_cross_entropy_naive(hidden, weight, bias, labels);
}

TokenScores linear_token_scores(const at::Tensor& hidden, const at::Tensor& weight, const at::Tensor& bias,
                                const at::Tensor& targets) {
  const at::NoGradGuard no_grad;
  constexpr int64_t kRows = 256;
  const int64_t n_row = hidden.size(0);
  TokenScores scores{at::empty({n_row}, hidden.options().dtype(at::kFloat)),
                     at::empty({n_row}, hidden.options().dtype(at::kBool))};
  for (int64_t begin = 0; begin < n_row; begin += kRows) {
    const int64_t n = std::min(kRows, n_row - begin);
    const at::Tensor logits = wide_logits(hidden.narrow(0, begin, n), weight, bias);
    const at::Tensor target = targets.narrow(0, begin, n);
    const at::Tensor chosen = logits.gather(1, target.unsqueeze(1)).squeeze(1);
    scores.logprob.narrow(0, begin, n).copy_(chosen - logits.logsumexp(1));
    scores.is_argmax.narrow(0, begin, n).copy_(logits.argmax(1).eq(target));
  }
  return scores;
}

}  // namespace llmbox
