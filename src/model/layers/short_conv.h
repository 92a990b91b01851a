// A gated short convolution (LFM2): the only memory of the layer is the last few inputs.
#pragma once

#include "model/layers/mixer.h"

namespace llmbox {

class ShortConv : public Mixer {
 public:
  ShortConv(const ShortConvSpec& spec, const MixerPlace& place, const ParameterSource& source);
  at::Tensor forward(const at::Tensor& x, Pass& pass) const override;
  void visit_parameters(const ParameterVisitor& visit) const override;
  void visit_linears(const LinearVisitor& visit) override;

 private:
  ShortConvSpec spec_;
  int layer_;
  at::Tensor weight_;  // (E, 1, W)
  at::Tensor bias_;    // (E) or undefined
  std::shared_ptr<Linear> in_, out_;
};

}  // namespace llmbox
