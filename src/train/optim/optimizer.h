// What steps the weights. One file per optimizer, one row in table.cpp: recipes choose by name (`optim`). An optimizer
// owns its state, never the weights or the gradients; its state is what a checkpoint needs to go on bit for bit.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "tensor/safetensors.h"

namespace llmbox {

class Optimizer {
 public:
  virtual ~Optimizer() = default;
  /// One step at this rate with gradients × grad_scale. Gradients: one per parameter, undefined = none (skipped).
  virtual void step(const std::vector<at::Tensor>& grads, double learning_rate, double grad_scale) = 0;
  /// Everything that a checkpoint needs besides the weights, by name.
  virtual NamedTensors state() const = 0;
  /// Restores what state() gave. Throws Error naming the tensor that is missing or has another shape or type.
  virtual void load_state(const std::function<at::Tensor(const std::string&)>& tensor_of) = 0;
  int64_t state_bytes() const;
};

/// What a recipe says about the optimizer; each takes what it knows.
struct OptimizerOptions {
  double beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8;
  double weight_decay = 0;
  bool decay_all = false;      // false: neither biases nor norms decay (transformers' Trainer)
  bool master_weights = true;  // false: bf16 parameters step in bf16
};

struct OptimizerKind {
  const char* name;  // transformers' name for it
  const char* summary;
  std::unique_ptr<Optimizer> (*make)(const NamedTensors& parameters, const OptimizerOptions& options);
};

std::span<const OptimizerKind> optimizer_kinds();
std::vector<std::string> optimizer_names();
/// Throws Error for an unknown name, with the nearest.
std::unique_ptr<Optimizer> make_optimizer(const std::string& name, const NamedTensors& parameters,
                                          const OptimizerOptions& options);

/// transformers' rule: weights of norms and all biases do not decay.
bool decays_by_default(const std::string& name, const at::Tensor& weight);

/// Global L2 norm over gradients in float32 accuracy; undefined ones count nothing.
double global_norm(const std::vector<at::Tensor>& grads);

/// min(1, limit / (norm + 1e-6)); 1 where the limit is 0.
double clip_factor(double norm, double limit);

}  // namespace llmbox
