// One layer of the decoder: mixer (attention or a recurrence) and feed-forward with their norms around the residual
// stream.
#pragma once

#include "model/layers/alt_up.h"
#include "model/layers/feed_forward.h"
#include "model/layers/laurel.h"
#include "model/layers/layer_input.h"
#include "model/layers/mixer.h"
#include "model/layers/norm.h"

namespace llmbox {

class Block {
 public:
  Block(const LayerSpec& spec, const MixerPlace& place, const ParameterSource& source);
  /// x (N, E), or (N, S, E) where the stream has several blocks.
  at::Tensor forward(const at::Tensor& x, Pass& pass) const;
  void visit_parameters(const ParameterVisitor& visit) const;
  void visit_linears(const LinearVisitor& visit);

 private:
  at::Tensor forward_streams(const at::Tensor& x, Pass& pass) const;

  int layer_;
  Residual residual_;
  ResidualScale attention_residual_, ffn_residual_;
  bool residual_of_normed_;
  std::optional<Norm> before_attention_, after_attention_, before_second_, before_ffn_, after_ffn_;
  std::unique_ptr<Mixer> mixer_;
  std::unique_ptr<Mixer> second_;     // null where there is none
  std::unique_ptr<FeedForward> ffn_;  // null where the layer has none
  std::optional<AltUp> altup_;
  std::optional<Laurel> laurel_;
  std::optional<LayerInput> input_;
};

}  // namespace llmbox
