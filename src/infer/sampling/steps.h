// The sampler steps, one a file; sampling/table.cpp says when each is active and in which order they run.
// Each leaves at least one candidate and keeps the order of ids.
#pragma once

#include "infer/sampling/sampler.h"

namespace llmbox {

void apply_repetition_penalty(SamplingState& state);
void apply_temperature(SamplingState& state);
void apply_top_k(SamplingState& state);
void apply_top_p(SamplingState& state);
void apply_min_p(SamplingState& state);

}  // namespace llmbox
