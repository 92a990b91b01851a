#include "model/packed_linear.h"

#include <ATen/ATen.h>

#include "model/recompute.h"
#include "tensor/linear.h"

namespace llmbox {

PackedLinear::PackedLinear(std::shared_ptr<const PackedWeight> weight, at::Tensor bias, at::TensorOptions options)
    : weight_(std::move(weight)), bias_(std::move(bias)), options_(options) {}

at::Tensor PackedLinear::matmul(const at::Tensor& x) const {
  const auto product = [weight = weight_, bias = bias_](const at::Tensor& input) {
    return llmbox::linear(input, weight->dequantize().to(input.options()), bias);
  };
  const bool trains_bias = bias_.defined() && bias_.requires_grad();
  if (!at::GradMode::is_enabled() || !(x.requires_grad() || trains_bias)) return product(x);
  // The dense weight must not wait for the backward pass: it is made again there.
  return recomputed(product, x, trains_bias ? std::vector{bias_} : std::vector<at::Tensor>{});
}

at::Tensor PackedLinear::dequantize() const { return weight_->dequantize().to(options_); }

std::vector<std::pair<std::string, at::Tensor>> PackedLinear::parameters() const {
  if (!bias_.defined()) return {};
  return {{"bias", bias_}};
}

}  // namespace llmbox
