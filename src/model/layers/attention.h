// The attention block: q, k, v products, norms and rotation of q and k, attend() through the context, output product.
#pragma once

#include <optional>
#include <vector>

#include "model/layers/mixer.h"
#include "model/layers/norm.h"

namespace llmbox {

class Attention : public Mixer {
 public:
  Attention(const AttentionSpec& spec, const MixerPlace& place, const ParameterSource& source);
  at::Tensor forward(const at::Tensor& x, Pass& pass) const override;
  void visit_parameters(const ParameterVisitor& visit) const override;
  void visit_linears(const LinearVisitor& visit) override;

 private:
  /// q, k, v as (N, heads · D), not yet normed and rotated.
  std::vector<at::Tensor> project(const at::Tensor& x) const;
  /// x (N, heads, D), normed over each head or over all of them.
  at::Tensor norm_heads(const std::optional<Norm>& norm, const std::optional<NormSpec>& spec,
                        const at::Tensor& x) const;
  at::Tensor turned(const at::Tensor& x, const Pass& pass) const;
  /// q, k and v as attention takes them. parts: what project() gave.
  at::Tensor make_query(const at::Tensor& part, const Pass& pass) const;
  KeyValue make_key_value(const std::vector<at::Tensor>& parts, const Pass& pass) const;
  at::Tensor clipped(const at::Tensor& x) const;

  AttentionSpec spec_;
  AttentionParams params_;
  bool interleaved_;
  std::vector<std::shared_ptr<Linear>> qkv_;
  std::shared_ptr<Linear> out_;
  std::optional<Norm> q_norm_, k_norm_, v_norm_;
};

}  // namespace llmbox
