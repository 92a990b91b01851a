// One layer of the decoder: mixer (attention or a recurrence) and feed-forward with their norms around the residual
// stream.
#pragma once

#include "model/layers/feed_forward.h"
#include "model/layers/mixer.h"
#include "model/layers/norm.h"

namespace llmbox {

class Block {
 public:
  Block(const LayerSpec& spec, const MixerPlace& place, const ParameterSource& source);
  at::Tensor forward(const at::Tensor& x, std::span<const RopeAngles> ropes, AttentionContext& context) const;
  void visit_parameters(const ParameterVisitor& visit) const;
  void visit_linears(const LinearVisitor& visit);

 private:
  Residual residual_;
  double residual_scale_;
  bool residual_of_normed_;
  std::optional<Norm> before_attention_, after_attention_, before_cross_, before_ffn_, after_ffn_;
  std::unique_ptr<Mixer> mixer_;
  std::unique_ptr<Mixer> cross_;      // null where there is no encoder
  std::unique_ptr<FeedForward> ffn_;  // null where the layer has none
};

}  // namespace llmbox
