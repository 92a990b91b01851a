#include "model/layers/parameters.h"

#include "model/layers/transposed_linear.h"

namespace llmbox {

std::shared_ptr<Linear> make_linear(const LinearSpec& spec, const ParameterSource& source) {
  if (auto layer = source.layer(spec)) return layer;
  at::Tensor weight = source(spec.name + ".weight");
  at::Tensor bias = spec.has_bias ? source(spec.name + ".bias") : at::Tensor();
  if (spec.transposed) return std::make_shared<TransposedLinear>(std::move(weight), std::move(bias));
  return std::make_shared<DenseLinear>(std::move(weight), std::move(bias));
}

void visit_linear(const LinearSpec& spec, const Linear& layer, const ParameterVisitor& visit) {
  for (const auto& [name, tensor] : layer.parameters()) visit(spec.name + "." + name, tensor);
}

}  // namespace llmbox
