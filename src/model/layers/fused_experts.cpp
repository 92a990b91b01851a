#include "model/layers/fused_experts.h"

#include <ATen/ATen.h>

#include "tensor/activation.h"
#include "tensor/linear.h"

namespace llmbox {

FusedExperts::FusedExperts(const FusedExpertsSpec& spec, const ParameterSource& source)
    : spec_(spec),
      gate_up_{source(spec.name + ".gate_up_proj"), source(spec.name + ".gate_up_proj_bias"), {}},
      down_{source(spec.name + ".down_proj"), source(spec.name + ".down_proj_bias"), {}} {}

at::Tensor FusedExperts::Weight::matmul(int64_t expert, const at::Tensor& x) const {
  if (!c10::InferenceMode::is_enabled()) return at::addmm(bias[expert], x, as_stored[expert]);
  const uint32_t version = as_stored.is_inference() ? 0 : static_cast<uint32_t>(as_stored._version());
  if (!turned.defined() || turned_version != version) {
    turned = as_stored.detach().transpose(1, 2).contiguous();
    turned_version = version;
  }
  return llmbox::linear(x, turned[expert], bias[expert]);
}

at::Tensor FusedExperts::forward(int64_t expert, const at::Tensor& rows) const {
  const at::Tensor pairs = gate_up_.matmul(expert, rows);  // (n, 2F): gate 0, up 0, gate 1 …
  const at::Tensor gate = pairs.slice(1, 0, {}, 2).clamp_max(spec_.limit);
  const at::Tensor up = pairs.slice(1, 1, {}, 2).clamp(-spec_.limit, spec_.limit);
  return down_.matmul(expert, (up + 1) * (gate * llmbox::sigmoid(gate * spec_.alpha)));
}

void FusedExperts::visit_parameters(const ParameterVisitor& visit) const {
  visit(spec_.name + ".gate_up_proj", gate_up_.as_stored);
  visit(spec_.name + ".gate_up_proj_bias", gate_up_.bias);
  visit(spec_.name + ".down_proj", down_.as_stored);
  visit(spec_.name + ".down_proj_bias", down_.bias);
}

}  // namespace llmbox
