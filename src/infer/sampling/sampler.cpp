#include "infer/sampling/sampler.h"

#include <algorithm>
#include <cmath>

#include "core/error.h"
#include "core/rng.h"

namespace llmbox {

namespace {

/// The first of the largest.
int32_t arg_max(std::span<const float> logits) {
  return static_cast<int32_t>(std::max_element(logits.begin(), logits.end()) - logits.begin());
}

int32_t arg_max(const std::vector<Candidate>& candidates) {
  const auto less = [](const Candidate& a, const Candidate& b) { return a.logit < b.logit; };
  return std::max_element(candidates.begin(), candidates.end(), less)->id;
}

/// Inverse of the cumulative distribution, in the order of ids.
int32_t draw_token(const std::vector<Candidate>& candidates, double uniform) {
  float largest = candidates.front().logit;
  for (const Candidate& candidate : candidates) largest = std::max(largest, candidate.logit);
  double total = 0;
  for (const Candidate& candidate : candidates) total += std::exp(static_cast<double>(candidate.logit) - largest);
  double left = uniform * total;
  int32_t last = candidates.back().id;
  for (const Candidate& candidate : candidates) {
    const double weight = std::exp(static_cast<double>(candidate.logit) - largest);
    if (weight == 0) continue;
    last = candidate.id;
    left -= weight;
    if (left < 0) break;
  }
  return last;
}

}  // namespace

void keep_from(SamplingState& state, float lowest) {
  std::erase_if(state.candidates, [&](const Candidate& candidate) { return candidate.logit < lowest; });
}

void check_sampling(const SamplingParams& params, std::string_view where) {
  const auto require = [&](bool holds, std::string_view range, std::string_view name, double value) {
    if (!holds) fail(where, "expected {} {}, got {}", name, range, value);
  };
  require(params.temperature >= 0 && std::isfinite(params.temperature), "of at least 0", "temperature",
          params.temperature);
  require(params.top_k >= 0, "of at least 0 (0: off)", "top_k", params.top_k);
  require(params.top_p > 0 && params.top_p <= 1, "above 0 and at most 1 (1: off)", "top_p", params.top_p);
  require(params.min_p >= 0 && params.min_p <= 1, "from 0 (off) to 1", "min_p", params.min_p);
  require(params.repetition_penalty > 0, "above 0 (1: off)", "repetition_penalty", params.repetition_penalty);
  require(params.max_tokens >= 0, "of at least 0", "max_tokens", params.max_tokens);
}

int32_t Sampler::pick(std::span<const float> logits, std::span<const int32_t> history, const SamplingParams& params,
                      uint64_t draw) {
  const bool greedy = params.temperature == 0;
  if (greedy && params.repetition_penalty == 1.0) return arg_max(logits);
  state_.candidates.resize(logits.size());
  for (size_t id = 0; id < logits.size(); ++id) state_.candidates[id] = {static_cast<int32_t>(id), logits[id]};
  state_.history = history;
  state_.params = &params;
  for (const SamplerStep& step : sampler_steps())
    if (step.is_active(params)) step.apply(state_);
  if (greedy) return arg_max(state_.candidates);
  return draw_token(state_.candidates, Rng(params.seed, draw).uniform());
}

}  // namespace llmbox
