// A linear layer owns its weight behind two verbs. Dense, quantized and adapted layers are members; nothing else in the
// program asks what a weight looks like.
#pragma once

#include <ATen/core/Tensor.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace llmbox {

class Linear {
 public:
  virtual ~Linear() = default;
  /// x (N, in) → (N, out), bias included. Differentiable in x and in whatever parameters require grad.
  virtual at::Tensor matmul(const at::Tensor& x) const = 0;
  /// The dense weight (out, in) this layer acts as.
  virtual at::Tensor dequantize() const = 0;
  virtual at::Tensor bias() const = 0;  // (out) or undefined
  virtual int64_t in_features() const = 0;
  virtual int64_t out_features() const = 0;
  /// Parameters under their names relative to this layer ("weight", "bias", "lora_A.weight" …).
  virtual std::vector<std::pair<std::string, at::Tensor>> parameters() const = 0;
};

/// A dense layer: y = x Wᵀ + b, W (out, in).
class DenseLinear : public Linear {
 public:
  DenseLinear(at::Tensor weight, at::Tensor bias) : weight_(std::move(weight)), bias_(std::move(bias)) {}
  at::Tensor matmul(const at::Tensor& x) const override;
  at::Tensor dequantize() const override { return weight_; }
  at::Tensor bias() const override { return bias_; }
  int64_t in_features() const override;
  int64_t out_features() const override;
  std::vector<std::pair<std::string, at::Tensor>> parameters() const override;

 private:
  at::Tensor weight_;
  at::Tensor bias_;
};

}  // namespace llmbox
