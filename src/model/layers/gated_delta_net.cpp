#include "model/layers/gated_delta_net.h"

#include <ATen/ATen.h>

#include <cmath>

#include "model/layers/recurrence.h"
#include "tensor/activation.h"
#include "tensor/causal_conv.h"
#include "tensor/memory_scan.h"

namespace llmbox {

namespace {

at::Tensor unit_length(const at::Tensor& x) { return x * at::rsqrt(x.square().sum(-1, true) + 1e-6); }

}  // namespace

GatedDeltaNet::GatedDeltaNet(const GatedDeltaSpec& spec, const MixerPlace& place, const ParameterSource& source)
    : spec_(spec),
      layer_(place.layer),
      step_bias_(source(spec.name + ".dt_bias")),
      log_decay_(source(spec.name + ".A_log")),
      conv_weight_(source(spec.name + ".conv1d.weight")),
      qkvz_(make_linear(spec.qkvz, source)),
      ba_(make_linear(spec.ba, source)),
      out_(make_linear(spec.out, source)),
      norm_(spec.norm, source) {}

GatedDeltaNet::Projected GatedDeltaNet::project(const at::Tensor& x) const {
  const int64_t n = x.size(0), group = spec_.n_value_head / spec_.n_key_head, values = group * spec_.value_dim;
  const auto heads = qkvz_->matmul(x)
                         .view({n, spec_.n_key_head, -1})
                         .split_with_sizes({spec_.key_dim, spec_.key_dim, values, values}, 2);
  const auto scalars = ba_->matmul(x).view({n, spec_.n_key_head, -1}).split_with_sizes({group, group}, 2);
  Projected result;
  result.qkv = at::cat({heads[0].flatten(1), heads[1].flatten(1), heads[2].flatten(1)}, 1);
  result.gate = heads[3].reshape({n, spec_.n_value_head, spec_.value_dim});
  result.strength = llmbox::sigmoid(scalars[0].flatten(1)).to(at::kFloat);
  const at::Tensor step = llmbox::softplus(scalars[1].flatten(1).to(at::kFloat) + step_bias_.to(at::kFloat));
  result.decay = at::exp(log_decay_.to(at::kFloat)).neg() * step;
  return result;
}

at::Tensor GatedDeltaNet::recall(const at::Tensor& qkv, const Projected& projected, AttentionContext& context,
                                 const at::Tensor& memory) const {
  const int64_t keys = spec_.n_key_head * spec_.key_dim, values = spec_.n_value_head * spec_.value_dim;
  const int64_t group = spec_.n_value_head / spec_.n_key_head;
  const auto parts = qkv.to(at::kFloat).split_with_sizes({keys, keys, values}, 1);
  const auto spread = [&](const at::Tensor& part) {  // a key head serves `group` value heads
    return unit_length(part.unflatten(1, {spec_.n_key_head, spec_.key_dim})).repeat_interleave(group, 1);
  };
  const double scale = 1.0 / std::sqrt(static_cast<double>(spec_.key_dim));
  const at::Tensor k = spread(parts[1]), v = parts[2].unflatten(1, {spec_.n_value_head, spec_.value_dim});
  const at::Tensor decay = projected.decay.unsqueeze(-1), strength = projected.strength.unsqueeze(-1);  // (N, Hv, 1)
  // M ← e^g M, then M ← M + k βᵀ(v - Mᵀk).
  const MemoryScan delta{.q = spread(parts[0]) * scale,
                         .k = k,
                         .v = v * strength,
                         .log_decay = decay,
                         .seek = k,
                         .write = -k * (strength * llmbox::exp(decay))};
  return memory_scan(delta, context.segment_starts(), memory);
}

at::Tensor GatedDeltaNet::forward(const at::Tensor& x, Pass& pass) const {
  AttentionContext& context = pass.context;
  const Projected projected = project(x);
  const auto starts = context.segment_starts();
  const auto float_options = x.options().dtype(at::kFloat);
  BatchStates states =
      take_states(context, layer_, at::zeros({spec_.conv_width - 1, projected.qkv.size(1)}, x.options()),
                  at::zeros({spec_.n_value_head, spec_.key_dim, spec_.value_dim}, float_options));
  const at::Tensor qkv =
      llmbox::silu(causal_conv(projected.qkv, conv_weight_.squeeze(1), at::Tensor(), starts, states.inputs));
  const at::Tensor recalled = recall(qkv, projected, context, states.memory).to(x.scalar_type());
  if (states.memory.defined()) {
    states.inputs = causal_conv_states(projected.qkv, spec_.conv_width, starts, states.inputs);
    give_states(context, layer_, states);
  }
  const at::Tensor gated = norm_.forward(recalled) * llmbox::silu(projected.gate.to(at::kFloat)).to(x.scalar_type());
  return out_->matmul(gated.flatten(1));
}

void GatedDeltaNet::visit_parameters(const ParameterVisitor& visit) const {
  visit(spec_.name + ".dt_bias", step_bias_);
  visit(spec_.name + ".A_log", log_decay_);
  visit(spec_.name + ".conv1d.weight", conv_weight_);
  visit_linear(spec_.qkvz, *qkvz_, visit);
  visit_linear(spec_.ba, *ba_, visit);
  norm_.visit_parameters(visit);
  visit_linear(spec_.out, *out_, visit);
}

void GatedDeltaNet::visit_linears(const LinearVisitor& visit) {
  visit(spec_.qkvz, qkvz_);
  visit(spec_.ba, ba_);
  visit(spec_.out, out_);
}

}  // namespace llmbox
