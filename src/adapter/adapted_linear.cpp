#include "adapter/adapted_linear.h"

#include <ATen/ATen.h>

#include "tensor/linear.h"

namespace llmbox {

std::vector<std::pair<std::string, at::Tensor>> AdaptedLinear::parameters() const {
  auto all = base_->parameters();
  all.insert(all.end(), tensors_.begin(), tensors_.end());
  return all;
}

at::Tensor FormulaLinear::dequantize() const {
  const at::Tensor weight = base()->dequantize();
  return weight_of_(weight.to(at::kFloat)).to(weight.scalar_type());
}

at::Tensor FormulaLinear::bias() const {
  const at::Tensor bias = base()->bias();
  if (!bias.defined() || !bias_of_) return bias;
  return bias_of_(bias.to(at::kFloat)).to(bias.scalar_type());
}

at::Tensor FormulaLinear::matmul(const at::Tensor& x) const {
  return llmbox::linear(x, dequantize().to(x.scalar_type()).contiguous(), bias());
}

}  // namespace llmbox
