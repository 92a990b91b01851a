#include "model/layers/norm.h"

#include <ATen/ATen.h>

#include "tensor/norm.h"

namespace llmbox {

namespace {

std::vector<std::string> weight_names(const NormSpec& spec) {
  std::vector<std::string> names;
  if (!spec.has_weight) return names;
  if (!spec.split_heads) return {spec.name + ".weight"};
  for (int64_t head = 0; head < spec.heads; ++head)
    names.push_back(spec.name + ".norms." + std::to_string(head) + ".weight");
  return names;
}

}  // namespace

Norm::Norm(const NormSpec& spec, const ParameterSource& source) : spec_(spec) {
  for (const std::string& name : weight_names(spec)) weights_.push_back(source(name));
  if (spec.has_bias && spec.has_weight) bias_ = source(spec.name + ".bias");
}

at::Tensor Norm::weight() const {
  const at::Tensor weight = spec_.split_heads ? at::stack(weights_) : weights_[0];
  return spec_.weight_offset == 0 ? weight : weight + spec_.weight_offset;
}

at::Tensor Norm::in_groups(const at::Tensor& x) const {
  const at::Tensor parts = x.unflatten(-1, {spec_.groups, -1});
  const at::Tensor ones = at::ones({parts.size(-1)}, x.options());
  const at::Tensor y =
      spec_.kind == NormKind::rms ? rms_norm(parts, ones, spec_.eps) : layer_norm(parts, ones, {}, spec_.eps);
  const at::Tensor scaled = y.flatten(-2) * weight();
  return bias_.defined() ? scaled + bias_ : scaled;
}

at::Tensor Norm::forward(const at::Tensor& x) const {
  if (spec_.groups > 1) return in_groups(x);
  const bool plain = spec_.has_weight && spec_.heads == 0;
  const at::Tensor scale = plain ? weight() : at::ones({spec_.size}, x.options());
  const at::Tensor y =
      spec_.kind == NormKind::rms ? rms_norm(x, scale, spec_.eps) : layer_norm(x, scale, bias_, spec_.eps);
  return plain || !spec_.has_weight ? y : y * weight();
}

void Norm::visit_parameters(const ParameterVisitor& visit) const {
  const std::vector<std::string> names = weight_names(spec_);
  for (size_t i = 0; i < names.size(); ++i) visit(names[i], weights_[i]);
  if (bias_.defined()) visit(spec_.name + ".bias", bias_);
}

}  // namespace llmbox
