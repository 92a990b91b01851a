#include "model/layers/latent_attention.h"

#include <ATen/ATen.h>

namespace llmbox {

LatentAttention::LatentAttention(const AttentionSpec& spec, const MixerPlace& place, const ParameterSource& source)
    : spec_(spec),
      params_{.layer = place.layer, .shape = {.scale = spec.scale, .window = spec.window, .softcap = spec.softcap}},
      interleaved_(place.interleaved),
      q_down_(spec.latent->q_down ? make_linear(*spec.latent->q_down, source) : nullptr),
      q_up_(make_linear(spec.latent->q_up, source)),
      kv_down_(make_linear(spec.latent->kv_down, source)),
      kv_up_(make_linear(spec.latent->kv_up, source)),
      out_(make_linear(spec.out, source)),
      kv_norm_(spec.latent->kv_norm, source) {
  if (spec.latent->q_norm) q_norm_.emplace(*spec.latent->q_norm, source);
}

at::Tensor LatentAttention::queries(const at::Tensor& x, const RopeAngles& angles) const {
  const LatentSpec& latent = *spec_.latent;
  at::Tensor narrow = q_down_ ? q_down_->matmul(x) : x;
  if (q_norm_) narrow = q_norm_->forward(narrow);
  const at::Tensor q = q_up_->matmul(narrow).view({x.size(0), spec_.n_head, spec_.head_dim});
  const auto parts = q.split_with_sizes({latent.nope_dim, latent.rope_dim}, -1);
  return at::cat({parts[0], apply_rope(parts[1], angles, interleaved_)}, -1);
}

at::Tensor LatentAttention::forward(const at::Tensor& x, Pass& pass) const {
  const LatentSpec& latent = *spec_.latent;
  const RopeAngles& angles = pass.ropes[static_cast<size_t>(spec_.rope)];
  const int64_t n = x.size(0);
  const auto down = kv_down_->matmul(x).split_with_sizes({latent.kv_up.in, latent.rope_dim}, 1);
  const at::Tensor shared = apply_rope(down[1].unsqueeze(1), angles, interleaved_);  // (N, 1, R)
  const auto up = kv_up_->matmul(kv_norm_.forward(down[0]))
                      .view({n, spec_.n_head, -1})
                      .split_with_sizes({latent.nope_dim, spec_.value_dim()}, -1);
  const at::Tensor k = at::cat({up[0], shared.expand({n, spec_.n_head, latent.rope_dim})}, -1);
  return out_->matmul(pass.context.attend(params_, queries(x, angles), k, up[1]).flatten(1));
}

void LatentAttention::visit_parameters(const ParameterVisitor& visit) const {
  const LatentSpec& latent = *spec_.latent;
  if (q_down_) visit_linear(*latent.q_down, *q_down_, visit);
  if (q_norm_) q_norm_->visit_parameters(visit);
  visit_linear(latent.q_up, *q_up_, visit);
  visit_linear(latent.kv_down, *kv_down_, visit);
  kv_norm_.visit_parameters(visit);
  visit_linear(latent.kv_up, *kv_up_, visit);
  visit_linear(spec_.out, *out_, visit);
}

void LatentAttention::visit_linears(const LinearVisitor& visit) {
  const LatentSpec& latent = *spec_.latent;
  if (q_down_) visit(*latent.q_down, q_down_);
  visit(latent.q_up, q_up_);
  visit(latent.kv_down, kv_down_);
  visit(latent.kv_up, kv_up_);
  visit(spec_.out, out_);
}

}  // namespace llmbox
