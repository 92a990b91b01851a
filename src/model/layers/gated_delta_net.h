// A layer of linear attention by the gated delta rule, as in Qwen3-Next: short convolution over q, k and v, unit-length
// queries and keys, a norm and an output gate on what the memory gives.
#pragma once

#include "model/layers/mixer.h"
#include "model/layers/norm.h"

namespace llmbox {

class GatedDeltaNet : public Mixer {
 public:
  GatedDeltaNet(const GatedDeltaSpec& spec, const MixerPlace& place, const ParameterSource& source);
  at::Tensor forward(const at::Tensor& x, Pass& pass) const override;
  void visit_parameters(const ParameterVisitor& visit) const override;
  void visit_linears(const LinearVisitor& visit) override;

 private:
  struct Projected {
    at::Tensor qkv;              // (N, channels): queries, keys, values of all heads
    at::Tensor gate;             // (N, Hv, Dv)
    at::Tensor strength, decay;  // (N, Hv)
  };
  Projected project(const at::Tensor& x) const;
  /// The memory's answers, (N, Hv, Dv) float32. qkv after the convolution.
  at::Tensor recall(const at::Tensor& qkv, const Projected& projected, AttentionContext& context,
                    const at::Tensor& memory) const;

  GatedDeltaSpec spec_;
  int layer_;
  at::Tensor step_bias_;    // (Hv)
  at::Tensor log_decay_;    // (Hv)
  at::Tensor conv_weight_;  // (channels, 1, W)
  std::shared_ptr<Linear> qkvz_, ba_, out_;
  Norm norm_;
};

}  // namespace llmbox
