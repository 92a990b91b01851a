// A dense layer whose weight lies as (in, out), as GPT-2's Conv1D stores it. Training uses the mapped file as it is;
// inference keeps a turned copy, whose rows the product of tensor/linear.h reads.
#pragma once

#include "model/linear.h"

namespace llmbox {

class TransposedLinear : public Linear {
 public:
  TransposedLinear(at::Tensor weight, at::Tensor bias) : weight_(std::move(weight)), bias_(std::move(bias)) {}
  at::Tensor matmul(const at::Tensor& x) const override;
  at::Tensor dequantize() const override;  // (out, in), a view
  at::Tensor bias() const override { return bias_; }
  int64_t in_features() const override;
  int64_t out_features() const override;
  std::vector<std::pair<std::string, at::Tensor>> parameters() const override;

 private:
  const at::Tensor& turned() const;

  at::Tensor weight_;  // (in, out)
  at::Tensor bias_;
  mutable at::Tensor turned_;  // (out, in), of the weight's version below
  mutable uint32_t turned_version_ = 0;
};

}  // namespace llmbox
