#include "model/layers/short_conv.h"

#include <ATen/ATen.h>

#include "model/layers/recurrence.h"
#include "tensor/causal_conv.h"

namespace llmbox {

ShortConv::ShortConv(const ShortConvSpec& spec, const MixerPlace& place, const ParameterSource& source)
    : spec_(spec),
      layer_(place.layer),
      weight_(source(spec.name + ".conv.weight")),
      in_(make_linear(spec.in, source)),
      out_(make_linear(spec.out, source)) {
  if (spec.has_bias) bias_ = source(spec.name + ".conv.bias");
}

at::Tensor ShortConv::forward(const at::Tensor& x, Pass& pass) const {
  AttentionContext& context = pass.context;
  const auto parts = in_->matmul(x).chunk(3, 1);  // the gates before and after, and the input
  const at::Tensor gated = parts[0] * parts[2];
  const auto starts = context.segment_starts();
  BatchStates states = take_states(context, layer_, at::zeros({spec_.width - 1, spec_.out.in}, x.options()),
                                   at::zeros({0}, x.options().dtype(at::kFloat)));
  const at::Tensor y = causal_conv(gated, weight_.squeeze(1), bias_, starts, states.inputs);
  if (states.inputs.defined()) {
    states.inputs = causal_conv_states(gated, spec_.width, starts, states.inputs);
    give_states(context, layer_, states);
  }
  return out_->matmul(parts[1] * y);
}

void ShortConv::visit_parameters(const ParameterVisitor& visit) const {
  visit(spec_.name + ".conv.weight", weight_);
  if (bias_.defined()) visit(spec_.name + ".conv.bias", bias_);
  visit_linear(spec_.in, *in_, visit);
  visit_linear(spec_.out, *out_, visit);
}

void ShortConv::visit_linears(const LinearVisitor& visit) {
  visit(spec_.in, in_);
  visit(spec_.out, out_);
}

}  // namespace llmbox
