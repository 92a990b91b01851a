#include "model/layers/attention.h"

#include <ATen/ATen.h>

#include <cmath>

#include "tensor/activation.h"

namespace llmbox {

namespace {

AttentionShape shape_of(const AttentionSpec& spec) {
  AttentionShape shape{.scale = spec.scale, .window = spec.window, .softcap = spec.softcap, .chunked = spec.chunked};
  if (!spec.slopes.empty()) shape.slopes = at::tensor(spec.slopes, at::kFloat);
  return shape;
}

/// What the queries at these positions are multiplied by, (N, 1, 1); number by number, so that it does not depend on
/// what else is in the batch.
at::Tensor temperatures(const at::Tensor& positions, const AttentionSpec& spec) {
  const at::Tensor p = positions.cpu(), scales = at::empty({p.size(0), 1, 1}, at::kFloat);
  for (int64_t i = 0; i < p.size(0); ++i) {
    const int64_t spans = (p.const_data_ptr<int64_t>()[i] + 1) / spec.temperature_span;
    scales.mutable_data_ptr<float>()[i] =
        static_cast<float>(1 + spec.temperature * std::log1p(static_cast<double>(spans)));
  }
  return scales.to(positions.device());
}

}  // namespace

Attention::Attention(const AttentionSpec& spec, const MixerPlace& place, const ParameterSource& source)
    : spec_(spec),
      params_{.layer = spec.shared_with >= 0 ? spec.shared_with : place.layer, .shape = shape_of(spec)},
      interleaved_(place.interleaved) {
  for (const LinearSpec& linear : spec.qkv) qkv_.push_back(make_linear(linear, source));
  if (spec.q_norm) q_norm_.emplace(*spec.q_norm, source);
  if (spec.k_norm) k_norm_.emplace(*spec.k_norm, source);
  if (spec.v_norm) v_norm_.emplace(*spec.v_norm, source);
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

at::Tensor Attention::turned(const at::Tensor& x, const Pass& pass) const {
  if (spec_.rope < 0) return x;
  const RopeAngles& angles = pass.ropes[static_cast<size_t>(spec_.rope)];
  if (spec_.second_rope < 0) return apply_rope(x, angles, interleaved_);
  const auto halves = x.chunk(2, -1);
  const RopeAngles& others = pass.ropes[static_cast<size_t>(spec_.second_rope)];
  return at::cat({apply_rope(halves[0], angles, interleaved_), apply_rope(halves[1], others, interleaved_)}, -1);
}

at::Tensor Attention::clipped(const at::Tensor& x) const {
  return spec_.clip > 0 ? x.clamp(-spec_.clip, spec_.clip) : x;
}

at::Tensor Attention::make_query(const at::Tensor& part, const Pass& pass) const {
  at::Tensor q = part.unflatten(1, {-1, spec_.head_dim});  // (N, H, D)
  if (spec_.norm_after_rope) q = turned(q, pass);
  q = clipped(norm_heads(q_norm_, spec_.q_norm, q));
  if (!spec_.norm_after_rope) q = turned(q, pass);
  return spec_.temperature > 0 ? (q * temperatures(pass.positions, spec_)).to(q.scalar_type()) : q;
}

KeyValue Attention::make_key_value(const std::vector<at::Tensor>& parts, const Pass& pass) const {
  at::Tensor k = parts[1].unflatten(1, {-1, spec_.head_dim}), v = parts[2].unflatten(1, {-1, spec_.head_dim});
  if (spec_.norm_after_rope) k = turned(k, pass);
  k = clipped(norm_heads(k_norm_, spec_.k_norm, k));
  if (!spec_.norm_after_rope) k = turned(k, pass);
  return {k, clipped(norm_heads(v_norm_, spec_.v_norm, v))};
}

at::Tensor Attention::forward(const at::Tensor& x, Pass& pass) const {
  auto parts = project(x);
  at::Tensor gate;
  if (spec_.gated) {
    const auto halves = parts[0].view({x.size(0), spec_.n_head, 2 * spec_.head_dim}).chunk(2, -1);
    parts[0] = halves[0].flatten(1);
    gate = halves[1].flatten(1);
  }
  const at::Tensor q = make_query(parts[0], pass);
  // A layer that shares another's keys and values writes them where they are already.
  const KeyValue pair =
      spec_.shared_with >= 0 ? pass.shared.attended.at(spec_.shared_with) : make_key_value(parts, pass);
  if (spec_.is_shared) pass.shared.attended[params_.layer] = pair;
  AttentionParams params = params_;
  params.shape.prefixes = pass.prefixes;
  at::Tensor attended = pass.context.attend(params, q, pair.k, pair.v).flatten(1);
  if (gate.defined()) attended = attended * llmbox::sigmoid(gate);
  return out_->matmul(attended);
}

void Attention::visit_parameters(const ParameterVisitor& visit) const {
  for (size_t i = 0; i < qkv_.size(); ++i) visit_linear(spec_.qkv[i], *qkv_[i], visit);
  if (q_norm_) q_norm_->visit_parameters(visit);
  if (k_norm_) k_norm_->visit_parameters(visit);
  if (v_norm_) v_norm_->visit_parameters(visit);
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
