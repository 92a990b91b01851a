// A selective state space layer (Mamba, Gu & Dao 2023).
#pragma once

#include <optional>

#include "model/layers/mixer.h"
#include "model/layers/norm.h"

namespace llmbox {

class Mamba : public Mixer {
 public:
  Mamba(const MambaSpec& spec, const MixerPlace& place, const ParameterSource& source);
  at::Tensor forward(const at::Tensor& x, Pass& pass) const override;
  void visit_parameters(const ParameterVisitor& visit) const override;
  void visit_linears(const LinearVisitor& visit) override;

 private:
  MambaSpec spec_;
  int layer_;
  at::Tensor log_decay_;    // (C, St)
  at::Tensor skip_;         // (C)
  at::Tensor conv_weight_;  // (C, 1, W)
  at::Tensor conv_bias_;    // (C) or undefined
  std::shared_ptr<Linear> in_, x_, step_, out_;
  std::optional<Norm> step_norm_, input_norm_, output_norm_;
};

}  // namespace llmbox
