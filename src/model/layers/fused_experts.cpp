#include "model/layers/fused_experts.h"

#include <ATen/ATen.h>

#include "tensor/activation.h"
#include "tensor/linear.h"

namespace llmbox {

FusedExperts::Weight FusedExperts::make_weight(const std::string& name, const ParameterSource& source) const {
  return {source(name), spec_.has_bias ? source(name + "_bias") : at::Tensor(), spec_.transposed, {}};
}

FusedExperts::FusedExperts(const FusedExpertsSpec& spec, const ParameterSource& source)
    : spec_(spec), gate_up_(make_weight(spec.gate_up, source)), down_(make_weight(spec.down, source)) {}

at::Tensor FusedExperts::Weight::matmul(int64_t expert, const at::Tensor& x) const {
  const at::Tensor offset = bias.defined() ? bias[expert] : bias;
  if (!transposed) return llmbox::linear(x, as_stored[expert], offset);
  if (!c10::InferenceMode::is_enabled())
    return offset.defined() ? at::addmm(offset, x, as_stored[expert]) : at::mm(x, as_stored[expert]);
  const uint32_t version = as_stored.is_inference() ? 0 : static_cast<uint32_t>(as_stored._version());
  if (!turned.defined() || turned_version != version) {
    turned = as_stored.detach().transpose(1, 2).contiguous();
    turned_version = version;
  }
  return llmbox::linear(x, turned[expert], offset);
}

at::Tensor FusedExperts::forward(int64_t expert, const at::Tensor& rows) const {
  const at::Tensor both = gate_up_.matmul(expert, rows);  // (n, 2F)
  at::Tensor gate = spec_.interleaved ? both.slice(1, 0, {}, 2) : both.narrow(1, 0, spec_.inner);
  at::Tensor up = spec_.interleaved ? both.slice(1, 1, {}, 2) : both.narrow(1, spec_.inner, spec_.inner);
  if (spec_.limit == 0) return down_.matmul(expert, swiglu(gate, up));
  gate = gate.clamp_max(spec_.limit);
  up = up.clamp(-spec_.limit, spec_.limit);
  return down_.matmul(expert, (up + 1) * (gate * llmbox::sigmoid(gate * spec_.alpha)));
}

void FusedExperts::visit_parameters(const ParameterVisitor& visit) const {
  for (const auto& [name, weight] : {std::pair(spec_.gate_up, &gate_up_), std::pair(spec_.down, &down_)}) {
    visit(name, weight->as_stored);
    if (weight->bias.defined()) visit(name + "_bias", weight->bias);
  }
}

}  // namespace llmbox
