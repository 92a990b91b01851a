// Latent attention (DeepSeek-V2): keys and values come out of one narrow latent a token, the rotated part of the keys
// is shared by all heads. Heads attend over the expanded keys and values.
#pragma once

#include <optional>

#include "model/layers/mixer.h"
#include "model/layers/norm.h"

namespace llmbox {

class LatentAttention : public Mixer {
 public:
  LatentAttention(const AttentionSpec& spec, const MixerPlace& place, const ParameterSource& source);
  at::Tensor forward(const at::Tensor& x, Pass& pass) const override;
  void visit_parameters(const ParameterVisitor& visit) const override;
  void visit_linears(const LinearVisitor& visit) override;

 private:
  at::Tensor queries(const at::Tensor& x, const RopeAngles& angles) const;  // (N, H, D)

  AttentionSpec spec_;
  AttentionParams params_;
  bool interleaved_;
  std::shared_ptr<Linear> q_down_;  // null where queries are not compressed
  std::shared_ptr<Linear> q_up_, kv_down_, kv_up_, out_;
  std::optional<Norm> q_norm_;
  Norm kv_norm_;
};

}  // namespace llmbox
