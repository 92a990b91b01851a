#include "model/layers/attention.h"

#include <ATen/ATen.h>

#include "tensor/activation.h"

namespace llmbox {

namespace {

AttentionShape shape_of(const AttentionSpec& spec) {
  AttentionShape shape{.scale = spec.scale, .window = spec.window, .softcap = spec.softcap};
  if (!spec.slopes.empty()) shape.slopes = at::tensor(spec.slopes, at::kFloat);
  return shape;
}

}  // namespace

Attention::Attention(const AttentionSpec& spec, const MixerPlace& place, const ParameterSource& source)
    : spec_(spec), params_{.layer = place.layer, .shape = shape_of(spec)}, interleaved_(place.interleaved) {
  for (const LinearSpec& linear : spec.qkv) qkv_.push_back(make_linear(linear, source));
  if (spec.q_norm) q_norm_.emplace(*spec.q_norm, source);
  if (spec.k_norm) k_norm_.emplace(*spec.k_norm, source);
  params_.shape.causal = spec.causal;
  if (spec.relative)
    params_.shape.relative = {source(spec.relative->name + ".weight"), spec.relative->max_distance,
                              spec.relative->both_ways};
  if (spec.has_sinks) params_.shape.sinks = source(spec.name + ".sinks");
  out_ = make_linear(spec.out, source);
}

std::vector<at::Tensor> Attention::project(const at::Tensor& x) const {
  std::vector<at::Tensor> parts;
  if (spec_.layout == QkvLayout::separate) {
    for (const auto& linear : qkv_) parts.push_back(linear->matmul(x));
  } else if (spec_.layout == QkvLayout::fused) {
    const int64_t q_size = spec_.n_head * spec_.head_dim;
    const int64_t kv_size = spec_.n_kv_head * spec_.head_dim;
    parts = qkv_[0]->matmul(x).split_with_sizes({q_size, kv_size, kv_size}, 1);
  } else if (spec_.layout == QkvLayout::key_value_pairs) {
    const auto pairs = qkv_[1]->matmul(x).view({x.size(0), spec_.n_kv_head, -1}).chunk(2, -1);
    parts = {qkv_[0]->matmul(x), pairs[0].flatten(1), pairs[1].flatten(1)};
  } else if (spec_.layout == QkvLayout::quarters) {
    const auto thirds = qkv_[0]->matmul(x).view({x.size(0), 4, -1}).chunk(3, -1);
    parts = {thirds[0].flatten(1), thirds[2].flatten(1), thirds[1].flatten(1)};
  } else {
    const int64_t group = spec_.n_head / spec_.n_kv_head;
    const at::Tensor groups = qkv_[0]->matmul(x).view({x.size(0), spec_.n_kv_head, group + 2, spec_.head_dim});
    for (at::Tensor& part : groups.split_with_sizes({group, 1, 1}, 2)) parts.push_back(part.flatten(1));
  }
  return parts;
}

at::Tensor Attention::norm_heads(const std::optional<Norm>& norm, const std::optional<NormSpec>& spec,
                                 const at::Tensor& x) const {
  if (!norm) return x;
  if (spec->size == spec_.head_dim) return norm->forward(x);
  return norm->forward(x.flatten(1)).view(x.sizes());
}

at::Tensor Attention::turned(const at::Tensor& x, std::span<const RopeAngles> ropes) const {
  return spec_.rope < 0 ? x : apply_rope(x, ropes[static_cast<size_t>(spec_.rope)], interleaved_);
}

at::Tensor Attention::forward(const at::Tensor& x, std::span<const RopeAngles> ropes, AttentionContext& context) const {
  auto parts = project(x);
  at::Tensor gate;
  if (spec_.gated) {
    const auto halves = parts[0].view({x.size(0), spec_.n_head, 2 * spec_.head_dim}).chunk(2, -1);
    parts[0] = halves[0].flatten(1);
    gate = halves[1].flatten(1);
  }
  for (at::Tensor& part : parts) part = part.unflatten(1, {-1, spec_.head_dim});  // (N, heads, D)
  at::Tensor& q = parts[0];
  at::Tensor& k = parts[1];
  if (spec_.norm_after_rope) q = turned(q, ropes), k = turned(k, ropes);
  q = norm_heads(q_norm_, spec_.q_norm, q);
  k = norm_heads(k_norm_, spec_.k_norm, k);
  if (spec_.clip > 0)
    for (at::Tensor& part : parts) part = part.clamp(-spec_.clip, spec_.clip);
  if (!spec_.norm_after_rope) q = turned(q, ropes), k = turned(k, ropes);
  at::Tensor attended = context.attend(params_, q, k, parts[2]).flatten(1);
  if (gate.defined()) attended = attended * llmbox::sigmoid(gate);
  return out_->matmul(attended);
}

void Attention::visit_parameters(const ParameterVisitor& visit) const {
  for (size_t i = 0; i < qkv_.size(); ++i) visit_linear(spec_.qkv[i], *qkv_[i], visit);
  if (q_norm_) q_norm_->visit_parameters(visit);
  if (k_norm_) k_norm_->visit_parameters(visit);
  if (spec_.relative && spec_.relative->name.starts_with(spec_.name))
    visit(spec_.relative->name + ".weight", params_.shape.relative.table);
  if (spec_.has_sinks) visit(spec_.name + ".sinks", params_.shape.sinks);
  visit_linear(spec_.out, *out_, visit);
}

void Attention::visit_linears(const LinearVisitor& visit) {
  for (size_t i = 0; i < qkv_.size(); ++i) visit(spec_.qkv[i], qkv_[i]);
  visit(spec_.out, out_);
}

}  // namespace llmbox
