// Experts that lie in two tensors, [experts, in, out], as in gpt-oss. Training uses slices of them in place; inference
// keeps a turned copy, whose rows the product of tensor/linear.h reads.
#pragma once

#include "model/layers/parameters.h"

namespace llmbox {

class FusedExperts {
 public:
  FusedExperts(const FusedExpertsSpec& spec, const ParameterSource& source);
  at::Tensor forward(int64_t expert, const at::Tensor& rows) const;  // (n, E) → (n, E)
  void visit_parameters(const ParameterVisitor& visit) const;

 private:
  /// [experts, in, out] and its copy [experts, out, in], made when inference first asks.
  struct Weight {
    at::Tensor as_stored, bias;
    mutable at::Tensor turned;
    mutable uint32_t turned_version = 0;
    at::Tensor matmul(int64_t expert, const at::Tensor& x) const;
  };

  FusedExpertsSpec spec_;
  Weight gate_up_, down_;
};

}  // namespace llmbox
