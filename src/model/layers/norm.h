// A normalisation with its weights; the kinds are in norm.cpp.
#pragma once

#include "model/layers/parameters.h"

namespace llmbox {

class Norm {
 public:
  Norm(const NormSpec& spec, const ParameterSource& source);
  /// Over the last dimension.
  at::Tensor forward(const at::Tensor& x) const;
  void visit_parameters(const ParameterVisitor& visit) const;

 private:
  NormSpec spec_;
  at::Tensor weight_;
  at::Tensor bias_;  // undefined where the norm has none
};

}  // namespace llmbox
