#include "model/linear.h"

#include <ATen/ATen.h>

#include "tensor/linear.h"

namespace llmbox {

at::Tensor DenseLinear::matmul(const at::Tensor& x) const { return llmbox::linear(x, weight_, bias_); }

int64_t DenseLinear::in_features() const { return weight_.size(1); }

int64_t DenseLinear::out_features() const { return weight_.size(0); }

std::vector<std::pair<std::string, at::Tensor>> DenseLinear::parameters() const {
  if (!bias_.defined()) return {{"weight", weight_}};
  return {{"weight", weight_}, {"bias", bias_}};
}

}  // namespace llmbox
