// A weight in the packed form of its file (codes, scales, blocks), and the linear layer over one. Members of quant/ and
// the block types of GGUF make packed weights; the decoder asks for them by name. A packed weight is frozen: gradients
// flow through it to x, and only the packed form stays in memory. Thread-safe.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "model/linear.h"

namespace llmbox {

class PackedWeight {
 public:
  virtual ~PackedWeight() = default;
  /// The dense weight in float32, exactly as the format defines it.
  virtual at::Tensor dequantize() const = 0;
  virtual std::vector<int64_t> shape() const = 0;  // of the dense weight
  /// dequantize(), and the memory of what was read before from the same file given back.
  virtual at::Tensor dequantize_once() const { return dequantize(); }
};

/// Parameter name ("model.layers.0.self_attn.q_proj.weight") → its packed weight.
using PackedWeights = std::map<std::string, std::shared_ptr<const PackedWeight>>;

/// y = x Wᵀ + b; W is made dense for each product, in the type of x.
class PackedLinear : public Linear {
 public:
  /// dtype: of dequantize(). Requires: a weight (out, in).
  PackedLinear(std::shared_ptr<const PackedWeight> weight, at::Tensor bias, at::TensorOptions options);
  at::Tensor matmul(const at::Tensor& x) const override;
  at::Tensor dequantize() const override;
  at::Tensor bias() const override { return bias_; }
  int64_t in_features() const override { return weight_->shape()[1]; }
  int64_t out_features() const override { return weight_->shape()[0]; }
  std::vector<std::pair<std::string, at::Tensor>> parameters() const override;  // the bias alone

 private:
  std::shared_ptr<const PackedWeight> weight_;
  at::Tensor bias_;
  at::TensorOptions options_;
};

}  // namespace llmbox
