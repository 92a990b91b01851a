// Attention of a decoder's tokens over what the encoder made of the source: queries from the stream, keys and values
// from the context's memory.
#pragma once

#include "model/layers/mixer.h"

namespace llmbox {

class CrossAttention : public Mixer {
 public:
  CrossAttention(const AttentionSpec& spec, const ParameterSource& source);
  at::Tensor forward(const at::Tensor& x, Pass& pass) const override;
  void visit_parameters(const ParameterVisitor& visit) const override;
  void visit_linears(const LinearVisitor& visit) override;

 private:
  at::Tensor heads(size_t part, const at::Tensor& x) const;  // (rows, heads, D)

  AttentionSpec spec_;
  std::vector<std::shared_ptr<Linear>> qkv_;
  std::shared_ptr<Linear> out_;
};

}  // namespace llmbox
