#include "model/layers/transposed_linear.h"

#include <ATen/ATen.h>

#include "tensor/linear.h"

namespace llmbox {

const at::Tensor& TransposedLinear::turned() const {
  const uint32_t version = weight_.is_inference() ? 0 : static_cast<uint32_t>(weight_._version());
  if (!turned_.defined() || turned_version_ != version) {
    turned_ = weight_.detach().t().contiguous();
    turned_version_ = version;
  }
  return turned_;
}

at::Tensor TransposedLinear::matmul(const at::Tensor& x) const {
  if (c10::InferenceMode::is_enabled()) return llmbox::linear(x, turned(), bias_);
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
