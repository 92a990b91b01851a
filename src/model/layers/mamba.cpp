#include "model/layers/mamba.h"

#include <ATen/ATen.h>

#include "model/layers/recurrence.h"
#include "tensor/activation.h"
#include "tensor/causal_conv.h"
#include "tensor/selective_scan.h"

namespace llmbox {

Mamba::Mamba(const MambaSpec& spec, const MixerPlace& place, const ParameterSource& source)
    : spec_(spec),
      layer_(place.layer),
      log_decay_(source(spec.name + ".A_log")),
      skip_(source(spec.name + ".D")),
      conv_weight_(source(spec.name + ".conv1d.weight")),
      in_(make_linear(spec.in, source)),
      x_(make_linear(spec.x, source)),
      step_(make_linear(spec.step, source)),
      out_(make_linear(spec.out, source)) {
  if (spec.step_norm) step_norm_.emplace(*spec.step_norm, source);
  if (spec.input_norm) input_norm_.emplace(*spec.input_norm, source);
  if (spec.output_norm) output_norm_.emplace(*spec.output_norm, source);
  if (spec.conv_bias) conv_bias_ = source(spec.name + ".conv1d.bias");
}

at::Tensor Mamba::forward(const at::Tensor& x, Pass& pass) const {
  AttentionContext& context = pass.context;
  const auto halves = in_->matmul(x).chunk(2, 1);  // (N, C) each: the input and the output gate
  const auto float_options = x.options().dtype(at::kFloat);
  BatchStates states = take_states(context, layer_, at::zeros({spec_.conv_width - 1, spec_.inner}, x.options()),
                                   at::zeros({spec_.inner, spec_.state_size}, float_options));
  const auto starts = context.segment_starts();
  const at::Tensor inner =
      llmbox::silu(causal_conv(halves[0], conv_weight_.squeeze(1), conv_bias_, starts, states.inputs));
  auto maps = x_->matmul(inner).split_with_sizes({spec_.step_rank, spec_.state_size, spec_.state_size}, 1);
  if (step_norm_) maps[0] = step_norm_->forward(maps[0]);
  if (input_norm_) maps[1] = input_norm_->forward(maps[1]);
  if (output_norm_) maps[2] = output_norm_->forward(maps[2]);
  const at::Tensor wide = inner.to(at::kFloat);
  const SelectiveScan scan{.x = wide,
                           .step = llmbox::softplus(step_->matmul(maps[0].contiguous()).to(at::kFloat)),
                           .decay = at::exp(log_decay_.to(at::kFloat)).neg(),
                           .input = maps[1].to(at::kFloat),
                           .output = maps[2].to(at::kFloat)};
  const at::Tensor y = selective_scan(scan, starts, states.memory) + wide * skip_.to(at::kFloat);
  if (states.memory.defined()) {
    states.inputs = causal_conv_states(halves[0], spec_.conv_width, starts, states.inputs);
    give_states(context, layer_, states);
  }
  return out_->matmul((y * llmbox::silu(halves[1].to(at::kFloat))).to(x.scalar_type()));
}

void Mamba::visit_parameters(const ParameterVisitor& visit) const {
  visit(spec_.name + ".A_log", log_decay_);
  visit(spec_.name + ".D", skip_);
  visit(spec_.name + ".conv1d.weight", conv_weight_);
  if (conv_bias_.defined()) visit(spec_.name + ".conv1d.bias", conv_bias_);
  visit_linear(spec_.in, *in_, visit);
  visit_linear(spec_.x, *x_, visit);
  visit_linear(spec_.step, *step_, visit);
  for (const auto* norm : {&step_norm_, &input_norm_, &output_norm_})
    if (*norm) (*norm)->visit_parameters(visit);
  visit_linear(spec_.out, *out_, visit);
}

void Mamba::visit_linears(const LinearVisitor& visit) {
  visit(spec_.in, in_);
  visit(spec_.x, x_);
  visit(spec_.step, step_);
  visit(spec_.out, out_);
}

}  // namespace llmbox
