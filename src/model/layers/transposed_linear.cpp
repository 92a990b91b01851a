#include "model/layers/transposed_linear.h"

#include <ATen/ATen.h>

namespace llmbox {

at::Tensor TransposedLinear::matmul(const at::Tensor& x) const {
  return bias_.defined() ? at::addmm(bias_, x, weight_) : at::mm(x, weight_);
}

at::Tensor TransposedLinear::dequantize() const { return weight_.t(); }

int64_t TransposedLinear::in_features() const { return weight_.size(0); }

int64_t TransposedLinear::out_features() const { return weight_.size(1); }

std::vector<std::pair<std::string, at::Tensor>> TransposedLinear::parameters() const {
  if (!bias_.defined()) return {{"weight", weight_}};
  return {{"weight", weight_}, {"bias", bias_}};
}

}  // namespace llmbox
