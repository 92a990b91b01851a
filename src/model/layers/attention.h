// The attention block: q, k, v products, norms and rotation of q and k, attend() through the context, output product.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "model/attention_context.h"
#include "model/layers/norm.h"
#include "model/layers/parameters.h"
#include "tensor/rope.h"

namespace llmbox {

class Attention {
 public:
  Attention(const AttentionSpec& spec, int layer, bool interleaved, const ParameterSource& source);
  /// x (N, E) → (N, E). ropes: the angles of ModelSpec::ropes.
  at::Tensor forward(const at::Tensor& x, std::span<const RopeAngles> ropes, AttentionContext& context) const;
  void visit_parameters(const ParameterVisitor& visit) const;
  void visit_linears(const LinearVisitor& visit);

 private:
  /// q, k, v as (N, heads, D), not yet normed and rotated.
  std::vector<at::Tensor> project(const at::Tensor& x) const;

  AttentionSpec spec_;
  AttentionParams params_;
  bool interleaved_;
  std::vector<std::shared_ptr<Linear>> qkv_;
  std::shared_ptr<Linear> out_;
  std::optional<Norm> q_norm_, k_norm_;
};

}  // namespace llmbox
