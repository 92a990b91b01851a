#include "model/layers/laurel.h"

#include <ATen/ATen.h>

namespace llmbox {

Laurel::Laurel(const LaurelSpec& spec, const ParameterSource& source)
    : spec_(spec),
      left_(make_linear(spec.left, source)),
      right_(make_linear(spec.right, source)),
      norm_(spec.norm, source) {}

at::Tensor Laurel::forward(const at::Tensor& x) const { return x + norm_.forward(right_->matmul(left_->matmul(x))); }

void Laurel::visit_parameters(const ParameterVisitor& visit) const {
  visit_linear(spec_.left, *left_, visit);
  visit_linear(spec_.right, *right_, visit);
  norm_.visit_parameters(visit);
}

void Laurel::visit_linears(const LinearVisitor& visit) {
  visit(spec_.left, left_);
  visit(spec_.right, right_);
}

}  // namespace llmbox
