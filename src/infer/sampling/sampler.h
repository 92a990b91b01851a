// From logits to a token. Sampler steps (one a file, listed in sampling/table.cpp) reshape or thin out the candidates
// in the order of the table, which is transformers'; then one token is drawn. The draw depends on the request's seed
// and on how many tokens it has produced, never on the other requests of a batch. A Sampler holds scratch memory: one
// per thread.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "chat/language_model.h"

namespace llmbox {

struct Candidate {
  int32_t id = 0;
  float logit = 0;
};

/// What a step sees and changes. Candidates stay in the order of their ids.
struct SamplingState {
  std::vector<Candidate> candidates;
  std::span<const int32_t> history;  // prompt and tokens so far
  const SamplingParams* params = nullptr;
};

struct SamplerStep {
  const char* name;
  const char* summary;
  bool (*is_active)(const SamplingParams& params);
  void (*apply)(SamplingState& state);
};

/// Every step, in the order in which they are applied.
std::span<const SamplerStep> sampler_steps();

/// Drops candidates with a logit below `lowest`.
void keep_from(SamplingState& state, float lowest);

/// Throws Error where a parameter is out of its range (negative temperature, top_p outside (0, 1] …).
void check_sampling(const SamplingParams& params, std::string_view where);

class Sampler {
 public:
  /// The next token. draw: how many tokens this request has produced before.
  int32_t pick(std::span<const float> logits, std::span<const int32_t> history, const SamplingParams& params,
               uint64_t draw);

 private:
  SamplingState state_;
};

}  // namespace llmbox
