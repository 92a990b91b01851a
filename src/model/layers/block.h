// One layer of the decoder: attention and feed-forward with their norms around the residual stream.
#pragma once

#include "model/layers/attention.h"
#include "model/layers/ffn.h"

namespace llmbox {

class Block {
 public:
  Block(const LayerSpec& spec, int layer, bool interleaved, const ParameterSource& source);
  at::Tensor forward(const at::Tensor& x, std::span<const RopeAngles> ropes, AttentionContext& context) const;
  void visit_parameters(const ParameterVisitor& visit) const;
  void visit_linears(const LinearVisitor& visit);

 private:
  Residual residual_;
  double residual_scale_;
  std::optional<Norm> before_attention_, after_attention_, before_ffn_, after_ffn_;
  Attention attention_;
  Ffn ffn_;
};

}  // namespace llmbox
