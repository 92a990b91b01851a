// A state space layer with one decay a head (Mamba 2, Dao & Gu 2024), as in Bamba and Falcon-H1.
#pragma once

#include <optional>

#include "model/layers/mixer.h"
#include "model/layers/norm.h"

namespace llmbox {

class Mamba2 : public Mixer {
 public:
  Mamba2(const Mamba2Spec& spec, const MixerPlace& place, const ParameterSource& source);
  at::Tensor forward(const at::Tensor& x, Pass& pass) const override;
  void visit_parameters(const ParameterVisitor& visit) const override;
  void visit_linears(const LinearVisitor& visit) override;

 private:
  /// The output gate (N, C), the convolution's input (N, C + 2 · groups · states), the steps (N, H).
  std::vector<at::Tensor> project(const at::Tensor& x) const;
  /// The memory's answers, (N, C) float32. mixed: what the convolution gave; step: (N, H).
  at::Tensor recall(const at::Tensor& mixed, const at::Tensor& step, AttentionContext& context,
                    const at::Tensor& memory) const;
  at::Tensor gated(const at::Tensor& y, const at::Tensor& gate) const;

  Mamba2Spec spec_;
  int layer_;
  at::Tensor log_decay_;    // (H)
  at::Tensor skip_;         // (H)
  at::Tensor step_bias_;    // (H)
  at::Tensor conv_weight_;  // (C + 2 · groups · states, 1, W)
  at::Tensor conv_bias_;    // or undefined
  std::shared_ptr<Linear> in_, out_;
  std::optional<Norm> norm_;
};

}  // namespace llmbox
