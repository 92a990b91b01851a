// RWKV's feed-forward: it reads a mix of the token and the one before, so it is a mixer by its state.
#pragma once

#include "model/layers/mixer.h"

namespace llmbox {

class ChannelMix : public Mixer {
 public:
  ChannelMix(const ChannelMixSpec& spec, const MixerPlace& place, const ParameterSource& source);
  at::Tensor forward(const at::Tensor& x, Pass& pass) const override;
  void visit_parameters(const ParameterVisitor& visit) const override;
  void visit_linears(const LinearVisitor& visit) override;

 private:
  /// What a projection reads. before: the token before; mix: its own tensor.
  at::Tensor mixed(const at::Tensor& x, const at::Tensor& before, const at::Tensor& mix) const;

  ChannelMixSpec spec_;
  int state_;                    // the time mixes' states come first, one a layer
  std::vector<at::Tensor> own_;  // the mix of the key, then of the receptance
  std::shared_ptr<Linear> key_, value_, receptance_;
};

}  // namespace llmbox
