#include <algorithm>

#include "infer/sampling/steps.h"

namespace llmbox {

/// Tokens as likely as the k-th stay too, as in transformers.
void apply_top_k(SamplingState& state) {
  const auto k = static_cast<size_t>(state.params->top_k);
  if (k >= state.candidates.size()) return;
  std::vector<float> logits;
  logits.reserve(state.candidates.size());
  for (const Candidate& candidate : state.candidates) logits.push_back(candidate.logit);
  std::nth_element(logits.begin(), logits.begin() + (k - 1), logits.end(), std::greater<>());
  keep_from(state, logits[k - 1]);
}

}  // namespace llmbox
