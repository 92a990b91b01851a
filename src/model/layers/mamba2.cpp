#include "model/layers/mamba2.h"

#include <ATen/ATen.h>

#include "model/layers/recurrence.h"
#include "tensor/activation.h"
#include "tensor/causal_conv.h"
#include "tensor/memory_scan.h"

namespace llmbox {

Mamba2::Mamba2(const Mamba2Spec& spec, const MixerPlace& place, const ParameterSource& source)
    : spec_(spec),
      layer_(place.layer),
      log_decay_(source(spec.name + ".A_log")),
      skip_(source(spec.name + ".D")),
      step_bias_(source(spec.name + ".dt_bias")),
      conv_weight_(source(spec.name + ".conv1d.weight")),
      in_(make_linear(spec.in, source)),
      out_(make_linear(spec.out, source)) {
  if (spec.conv_bias) conv_bias_ = source(spec.name + ".conv1d.bias");
  if (spec.norm) norm_.emplace(*spec.norm, source);
}

std::vector<at::Tensor> Mamba2::project(const at::Tensor& x) const {
  const int64_t channels = spec_.channels(), maps = spec_.n_group * spec_.state_size;
  const auto& scales = spec_.scales;  // on gate, channels, input maps, output maps, steps
  std::vector<at::Tensor> parts = in_->matmul(x).split_with_sizes({channels, channels, maps, maps, spec_.n_head}, 1);
  for (size_t i = 0; i < parts.size(); ++i)
    if (scales[i] != 1) parts[i] = parts[i] * scales[i];
  return {parts[0], at::cat({parts[1], parts[2], parts[3]}, 1), parts[4]};
}

at::Tensor Mamba2::recall(const at::Tensor& mixed, const at::Tensor& step, AttentionContext& context,
                          const at::Tensor& memory) const {
  const int64_t maps = spec_.n_group * spec_.state_size, group = spec_.n_head / spec_.n_group;
  const auto parts = mixed.to(at::kFloat).split_with_sizes({spec_.channels(), maps, maps}, 1);
  const auto spread = [&](const at::Tensor& part) {  // each group's map for its heads, not copied where there is one
    return part.view({part.size(0), spec_.n_group, 1, spec_.state_size})
        .expand({part.size(0), spec_.n_group, group, spec_.state_size})
        .reshape({part.size(0), spec_.n_head, spec_.state_size});
  };
  const at::Tensor inputs = parts[0].unflatten(1, {spec_.n_head, spec_.head_dim});  // (N, H, D)
  const at::Tensor decay = at::exp(log_decay_.to(at::kFloat)).neg();
  const MemoryScan scan{.q = spread(parts[2]),
                        .k = spread(parts[1]),
                        .v = inputs * step.unsqueeze(-1),
                        .log_decay = (step * decay).unsqueeze(-1)};
  const at::Tensor y = memory_scan(scan, context.segment_starts(), memory);
  return (y + inputs * skip_.to(at::kFloat).unsqueeze(-1)).flatten(1);
}

at::Tensor Mamba2::gated(const at::Tensor& y, const at::Tensor& gate) const {
  const at::Tensor weight = llmbox::silu(gate.to(at::kFloat));
  if (!norm_) return y * weight;
  return spec_.norm_before_gate ? norm_->forward(y) * weight : norm_->forward(y * weight);
}

at::Tensor Mamba2::forward(const at::Tensor& x, Pass& pass) const {
  AttentionContext& context = pass.context;
  const auto parts = project(x);
  BatchStates states = take_states(context, layer_, at::zeros({spec_.conv_width - 1, parts[1].size(1)}, x.options()),
                                   at::zeros({spec_.n_head, spec_.state_size, spec_.head_dim}, at::kFloat));
  const auto starts = context.segment_starts();
  const at::Tensor mixed =
      llmbox::silu(causal_conv(parts[1], conv_weight_.squeeze(1), conv_bias_, starts, states.inputs));
  const at::Tensor step =
      llmbox::softplus(parts[2].to(at::kFloat) + step_bias_.to(at::kFloat)).clamp(spec_.step_low, spec_.step_high);
  const at::Tensor y = recall(mixed, step, context, states.memory);
  if (states.memory.defined()) {
    states.inputs = causal_conv_states(parts[1], spec_.conv_width, starts, states.inputs);
    give_states(context, layer_, states);
  }
  return out_->matmul(gated(y, parts[0]).to(x.scalar_type()));
}

void Mamba2::visit_parameters(const ParameterVisitor& visit) const {
  visit(spec_.name + ".A_log", log_decay_);
  visit(spec_.name + ".D", skip_);
  visit(spec_.name + ".dt_bias", step_bias_);
  visit(spec_.name + ".conv1d.weight", conv_weight_);
  if (conv_bias_.defined()) visit(spec_.name + ".conv1d.bias", conv_bias_);
  visit_linear(spec_.in, *in_, visit);
  if (norm_) norm_->visit_parameters(visit);
  visit_linear(spec_.out, *out_, visit);
}

void Mamba2::visit_linears(const LinearVisitor& visit) {
  visit(spec_.in, in_);
  visit(spec_.out, out_);
}

}  // namespace llmbox
