// AdamW with decoupled weight decay over groups of parameters. bf16 parameters keep a float32 master copy, which is
// what steps; the bf16 weights are its rounding. Parameters and gradients are never copied as a whole: a step walks
// them in pieces that fit the cache. Equal inputs give equal bits, whatever the number of threads.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "tensor/safetensors.h"

namespace llmbox {

struct AdamWOptions {
  double beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8;
  double weight_decay = 0;
  bool decay_all = false;      // false: neither biases nor norms decay (transformers' Trainer)
  bool master_weights = true;  // false: bf16 parameters step in bf16
};

class AdamW {
 public:
  AdamW(const NamedTensors& parameters, const AdamWOptions& options);

  /// One step at this rate with gradients × grad_scale. Gradients: one per parameter, undefined = none (skipped).
  void step(const std::vector<at::Tensor>& grads, double learning_rate, double grad_scale);

  int64_t steps() const { return steps_; }
  /// Everything that a checkpoint needs besides the weights: "exp_avg.NAME", "exp_avg_sq.NAME", "master.NAME", "steps".
  NamedTensors state() const;
  /// Restores what state() gave. Throws Error naming the tensor that is missing or has another shape or type.
  void load_state(const std::function<at::Tensor(const std::string&)>& tensor_of);
  int64_t state_bytes() const;

 private:
  struct Slot {
    std::string name;
    at::Tensor weight, master, exp_avg, exp_avg_sq;  // master undefined: the weight itself steps
    at::Tensor n_steps;
    bool decays = true;
  };
  void step_slot(Slot& slot, const at::Tensor& grad, double learning_rate, double grad_scale);

  AdamWOptions options_;
  std::vector<Slot> slots_;
  int64_t steps_ = 0;
};

/// transformers' rule: weights of norms and all biases do not decay.
bool decays_by_default(const std::string& name, const at::Tensor& weight);

/// Global L2 norm over gradients in float32 accuracy; undefined ones count nothing.
double global_norm(const std::vector<at::Tensor>& grads);

/// min(1, limit / (norm + 1e-6)); 1 where the limit is 0.
double clip_factor(double norm, double limit);

}  // namespace llmbox
