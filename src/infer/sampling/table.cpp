#include "infer/sampling/steps.h"

namespace llmbox {

namespace {

constexpr SamplerStep kSteps[] = {
    {"repetition_penalty", "divides positive and multiplies negative logits of tokens seen (1909.05858)",
     [](const SamplingParams& params) { return params.repetition_penalty != 1.0; }, apply_repetition_penalty},
    {"temperature", "divides logits by the temperature; 0 takes the most likely token",
     [](const SamplingParams& params) { return params.temperature > 0 && params.temperature != 1.0; },
     apply_temperature},
    {"top_k", "keeps the k most likely tokens",
     [](const SamplingParams& params) { return params.temperature > 0 && params.top_k > 0; }, apply_top_k},
    {"top_p", "keeps the fewest tokens whose probabilities reach p (1904.09751)",
     [](const SamplingParams& params) { return params.temperature > 0 && params.top_p < 1.0; }, apply_top_p},
    {"min_p", "keeps tokens at least min_p times as likely as the best (2407.01082)",
     [](const SamplingParams& params) { return params.temperature > 0 && params.min_p > 0; }, apply_min_p},
};

}  // namespace

std::span<const SamplerStep> sampler_steps() { return kSteps; }

}  // namespace llmbox
