#include "model/layers/attention.h"

#include <ATen/ATen.h>

namespace llmbox {

Attention::Attention(const AttentionSpec& spec, int layer, bool interleaved, const ParameterSource& source)
    : spec_(spec),
      params_{.layer = layer, .scale = spec.scale, .window = spec.window, .softcap = spec.softcap},
      interleaved_(interleaved) {
  for (const LinearSpec& linear : spec.qkv) qkv_.push_back(make_linear(linear, source));
  if (spec.q_norm) q_norm_.emplace(*spec.q_norm, source);
  if (spec.k_norm) k_norm_.emplace(*spec.k_norm, source);
  out_ = make_linear(spec.out, source);
}

std::vector<at::Tensor> Attention::project(const at::Tensor& x) const {
  std::vector<at::Tensor> parts;
  if (spec_.layout == QkvLayout::separate) {
    for (const auto& linear : qkv_) parts.push_back(linear->matmul(x));
  } else {
    const int64_t q_size = spec_.n_head * spec_.head_dim;
    const int64_t kv_size = spec_.n_kv_head * spec_.head_dim;
    parts = qkv_[0]->matmul(x).split_with_sizes({q_size, kv_size, kv_size}, 1);
  }
  for (at::Tensor& part : parts) part = part.unflatten(1, {-1, spec_.head_dim});  // (N, heads, D)
  return parts;
}

at::Tensor Attention::forward(const at::Tensor& x, std::span<const RopeAngles> ropes, AttentionContext& context) const {
  auto parts = project(x);
  at::Tensor& q = parts[0];
  at::Tensor& k = parts[1];
  if (q_norm_) q = q_norm_->forward(q);
  if (k_norm_) k = k_norm_->forward(k);
  if (spec_.rope >= 0) {
    const RopeAngles& angles = ropes[static_cast<size_t>(spec_.rope)];
    q = apply_rope(q, angles, interleaved_);
    k = apply_rope(k, angles, interleaved_);
  }
  return out_->matmul(context.attend(params_, q, k, parts[2]).flatten(1));
}

void Attention::visit_parameters(const ParameterVisitor& visit) const {
  for (size_t i = 0; i < qkv_.size(); ++i) visit_linear(spec_.qkv[i], *qkv_[i], visit);
  if (q_norm_) q_norm_->visit_parameters(visit);
  if (k_norm_) k_norm_->visit_parameters(visit);
  visit_linear(spec_.out, *out_, visit);
}

void Attention::visit_linears(const LinearVisitor& visit) {
  for (size_t i = 0; i < qkv_.size(); ++i) visit(spec_.qkv[i], qkv_[i]);
  visit(spec_.out, out_);
}

}  // namespace llmbox
