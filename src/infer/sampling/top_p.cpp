#include <algorithm>
#include <cmath>

#include "infer/sampling/steps.h"

namespace llmbox {

/// A heap gives the likely tokens one by one: a nucleus is small beside the vocabulary.
void apply_top_p(SamplingState& state) {
  std::vector<float> logits;
  logits.reserve(state.candidates.size());
  for (const Candidate& candidate : state.candidates) logits.push_back(candidate.logit);
  std::make_heap(logits.begin(), logits.end());
  const double largest = logits.front();
  double total = 0;
  for (const Candidate& candidate : state.candidates) total += std::exp(candidate.logit - largest);
  float lowest = logits.front();
  for (double mass = 0; mass < state.params->top_p * total && !logits.empty();) {
    std::pop_heap(logits.begin(), logits.end());
    lowest = logits.back();
    logits.pop_back();
    mass += std::exp(lowest - largest);
  }
  keep_from(state, lowest);
}

}  // namespace llmbox
