#include <algorithm>

#include "infer/sampling/steps.h"

namespace llmbox {

/// Runs first, while candidate i is token i. A token counts once however often it was seen (CTRL, 1909.05858).
void apply_repetition_penalty(SamplingState& state) {
  std::vector<int32_t> seen(state.history.begin(), state.history.end());
  std::sort(seen.begin(), seen.end());
  seen.erase(std::unique(seen.begin(), seen.end()), seen.end());
  const auto penalty = static_cast<float>(state.params->repetition_penalty);
  for (int32_t id : seen) {
    if (id < 0 || id >= static_cast<int32_t>(state.candidates.size())) continue;
    float& logit = state.candidates[id].logit;
    logit = logit > 0 ? logit / penalty : logit * penalty;
  }
}

}  // namespace llmbox
