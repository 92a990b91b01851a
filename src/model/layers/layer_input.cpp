#include "model/layers/layer_input.h"

#include <ATen/ATen.h>

#include <cmath>

#include "model/layers/ffn.h"
#include "tensor/embedding.h"

namespace llmbox {

LayerInputs::LayerInputs(const LayerInputsSpec& spec, const ParameterSource& source)
    : spec_(spec),
      table_(source(spec.table.name + ".weight")),
      project_(make_linear(spec.project, source)),
      norm_(spec.norm, source) {}

at::Tensor LayerInputs::forward(const at::Tensor& tokens, const at::Tensor& embedded) const {
  const at::Tensor rows = at::where(tokens < spec_.table.rows, tokens, at::zeros_like(tokens));
  const at::Tensor own = llmbox::embedding(table_, rows) * spec_.scale;
  const at::Tensor projected = (project_->matmul(embedded) * spec_.project_scale).unflatten(1, {-1, spec_.norm.size});
  return (norm_.forward(projected) + own.view(projected.sizes())) * std::sqrt(0.5);
}

void LayerInputs::visit_parameters(const ParameterVisitor& visit) const {
  visit(spec_.table.name + ".weight", table_);
  visit_linear(spec_.project, *project_, visit);
  norm_.visit_parameters(visit);
}

LayerInput::LayerInput(const LayerInputSpec& spec, const ParameterSource& source)
    : spec_(spec),
      gate_(make_linear(spec.gate, source)),
      project_(make_linear(spec.project, source)),
      norm_(spec.norm, source) {}

at::Tensor LayerInput::forward(const at::Tensor& x, const at::Tensor& input) const {
  return norm_.forward(project_->matmul(activate(spec_.activation, gate_->matmul(x)) * input));
}

void LayerInput::visit_parameters(const ParameterVisitor& visit) const {
  visit_linear(spec_.gate, *gate_, visit);
  visit_linear(spec_.project, *project_, visit);
  norm_.visit_parameters(visit);
}

void LayerInput::visit_linears(const LinearVisitor& visit) {
  visit(spec_.gate, gate_);
  visit(spec_.project, project_);
}

}  // namespace llmbox
