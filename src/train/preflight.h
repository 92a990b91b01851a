// The screen before a run starts: counts, truncations, samples without a target, the first sample with its loss mask,
// parameters, memory and disk. Text only; cli/ prints it. Stops on what cannot work.
#pragma once

#include <string>
#include <vector>

#include "train/run_data.h"
#include "train/trainable.h"

namespace llmbox {

/// Bytes that training takes at its peak, by what takes them.
struct MemoryPlan {
  int64_t weights = 0, gradients = 0, optimizer = 0, activations = 0;
  int64_t total() const { return weights + gradients + optimizer + activations; }
};

MemoryPlan plan_memory(const Decoder& model, const TrainConfig& config, const NamedTensors& trainable,
                       int64_t row_tokens);

/// Largest number of tokens of one forward pass.
int64_t largest_batch_tokens(const TrainConfig& config, const std::vector<PackedRow>& units);

struct PreflightInput {
  const TrainConfig& config;
  const std::vector<std::string>& ignored;
  const RunData& data;
  const Tokenizer& tokenizer;
  const Decoder& model;
  const NamedTensors& trainable;
  bool colour = false;
};

/// Throws Error where memory or disk cannot hold the run, or where model and tokenizer disagree.
std::string preflight_screen(const PreflightInput& input);

}  // namespace llmbox
