#include "model/layers/norm.h"

#include <ATen/ATen.h>

#include "tensor/norm.h"

namespace llmbox {

Norm::Norm(const NormSpec& spec, const ParameterSource& source)
    : spec_(spec),
      weight_(source(spec.name + ".weight")),
      bias_(spec.has_bias ? source(spec.name + ".bias") : at::Tensor()) {}

at::Tensor Norm::forward(const at::Tensor& x) const {
  const at::Tensor weight = spec_.weight_offset == 0 ? weight_ : weight_ + spec_.weight_offset;
  if (spec_.kind == NormKind::rms) return rms_norm(x, weight, spec_.eps);
  return layer_norm(x, weight, bias_, spec_.eps);
}

void Norm::visit_parameters(const ParameterVisitor& visit) const {
  visit(spec_.name + ".weight", weight_);
  if (bias_.defined()) visit(spec_.name + ".bias", bias_);
}

}  // namespace llmbox
