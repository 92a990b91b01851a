// What a run learns: turns a batch and the model's hidden states into a loss. One file per objective, one row in
// table.cpp. Losses are sums: the loop divides by the targets of the whole step, so accumulation changes nothing.
#pragma once

#include <ATen/core/Tensor.h>

#include <memory>
#include <span>
#include <string>

#include "model/decoder.h"
#include "train/batch.h"

namespace llmbox {

class Objective {
 public:
  virtual ~Objective() = default;
  /// The number that the batch's loss sum is divided by, before any forward pass (its target tokens).
  virtual int64_t weight(const PackedRow& row) const = 0;
  /// Differentiable float32 scalar: the loss summed over the batch's targets.
  virtual at::Tensor loss_sum(Decoder& model, const DeviceBatch& batch) const = 0;
};

struct ObjectiveKind {
  const char* name;
  const char* summary;
  std::unique_ptr<Objective> (*make)();
};

std::span<const ObjectiveKind> objective_kinds();
/// Throws Error for an unknown name.
std::unique_ptr<Objective> make_objective(const std::string& name);

}  // namespace llmbox
