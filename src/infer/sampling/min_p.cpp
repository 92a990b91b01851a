#include <algorithm>
#include <cmath>

#include "infer/sampling/steps.h"

namespace llmbox {

void apply_min_p(SamplingState& state) {
  float largest = state.candidates.front().logit;
  for (const Candidate& candidate : state.candidates) largest = std::max(largest, candidate.logit);
  keep_from(state, std::min(largest, largest + static_cast<float>(std::log(state.params->min_p))));
}

}  // namespace llmbox
