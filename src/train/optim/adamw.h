// AdamW with decoupled weight decay over groups of parameters. bf16 parameters keep a float32 master copy, which is
// what steps; the bf16 weights are its rounding. Parameters and gradients are never copied as a whole: a step walks
// them in pieces that fit the cache. Equal inputs give equal bits, whatever the number of threads.
#pragma once

#include "train/optim/optimizer.h"

namespace llmbox {

/// Loshchilov & Hutter, arXiv:1711.05101.
class AdamW final : public Optimizer {
 public:
  AdamW(const NamedTensors& parameters, const OptimizerOptions& options);

  void step(const std::vector<at::Tensor>& grads, double learning_rate, double grad_scale) override;
  /// "exp_avg.NAME", "exp_avg_sq.NAME", "master.NAME", "n_steps.NAME".
  NamedTensors state() const override;
  void load_state(const std::function<at::Tensor(const std::string&)>& tensor_of) override;

 private:
  struct Slot {
    std::string name;
    at::Tensor weight, master, exp_avg, exp_avg_sq;  // master undefined: the weight itself steps
    at::Tensor n_steps;
    bool decays = true;
  };
  void step_slot(Slot& slot, const at::Tensor& grad, double learning_rate, double grad_scale);

  OptimizerOptions options_;
  std::vector<Slot> slots_;
};

std::unique_ptr<Optimizer> make_adamw(const NamedTensors& parameters, const OptimizerOptions& options);

}  // namespace llmbox
