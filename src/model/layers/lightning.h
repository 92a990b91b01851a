// Linear attention with a fixed decay a head (Lightning Attention, Qin et al. 2024), as in MiniMax: activated queries,
// keys and values, a norm and an output gate on what the memory gives.
#pragma once

#include "model/layers/mixer.h"
#include "model/layers/norm.h"

namespace llmbox {

class Lightning : public Mixer {
 public:
  Lightning(const LightningSpec& spec, const MixerPlace& place, const ParameterSource& source);
  at::Tensor forward(const at::Tensor& x, Pass& pass) const override;
  void visit_parameters(const ParameterVisitor& visit) const override;
  void visit_linears(const LinearVisitor& visit) override;

 private:
  LightningSpec spec_;
  int layer_;
  std::shared_ptr<Linear> qkv_, gate_, out_;
  Norm norm_;
};

}  // namespace llmbox
