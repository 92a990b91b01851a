#include "infer/sampling/steps.h"

namespace llmbox {

void apply_temperature(SamplingState& state) {
  const auto temperature = static_cast<float>(state.params->temperature);
  for (Candidate& candidate : state.candidates) candidate.logit /= temperature;
}

}  // namespace llmbox
