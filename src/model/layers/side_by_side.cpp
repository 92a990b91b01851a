#include "model/layers/side_by_side.h"

#include <ATen/ATen.h>

namespace llmbox {

namespace {

at::Tensor scaled(const at::Tensor& x, double scale) { return scale == 1 ? x : x * scale; }

}  // namespace

at::Tensor SideBySide::forward(const at::Tensor& x, Pass& pass) const {
  at::Tensor sum;
  for (const Branch& branch : branches_) {
    const at::Tensor y = scaled(branch.mixer->forward(scaled(x, branch.scale.in), pass), branch.scale.out);
    sum = sum.defined() ? sum + y : y;
  }
  return sum;
}

void SideBySide::visit_parameters(const ParameterVisitor& visit) const {
  for (const Branch& branch : branches_) branch.mixer->visit_parameters(visit);
}

void SideBySide::visit_linears(const LinearVisitor& visit) {
  for (Branch& branch : branches_) branch.mixer->visit_linears(visit);
}

}  // namespace llmbox
