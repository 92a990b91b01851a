// Experts that lie in two tensors, as in gpt-oss and Granite. Training uses slices of them in place; so does inference
// where the slices' rows are outputs, else it keeps a turned copy, whose rows the product of tensor/linear.h reads.
#pragma once

#include "model/layers/parameters.h"

namespace llmbox {

class FusedExperts {
 public:
  FusedExperts(const FusedExpertsSpec& spec, const ParameterSource& source);
  at::Tensor forward(int64_t expert, const at::Tensor& rows) const;  // (n, E) → (n, E)
  void visit_parameters(const ParameterVisitor& visit) const;

 private:
  struct Weight {
    at::Tensor as_stored, bias;  // bias (experts, out) or undefined
    bool transposed;             // [experts, in, out]
    mutable at::Tensor turned;   // [experts, out, in], made when inference first asks
    mutable uint32_t turned_version = 0;
    at::Tensor matmul(int64_t expert, const at::Tensor& x) const;
  };
  Weight make_weight(const std::string& name, const ParameterSource& source) const;

  FusedExpertsSpec spec_;
  Weight gate_up_, down_;
};

}  // namespace llmbox
