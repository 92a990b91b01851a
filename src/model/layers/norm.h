// A normalisation with its weights; the kinds are in norm.cpp. The norms of single heads may have weights of their own.
#pragma once

#include <vector>

#include "model/layers/parameters.h"

namespace llmbox {

class Norm {
 public:
  Norm(const NormSpec& spec, const ParameterSource& source);
  /// Over the last dimension.
  at::Tensor forward(const at::Tensor& x) const;
  void visit_parameters(const ParameterVisitor& visit) const;

 private:
  /// (size), or (H, size) where each head has its own; the offset is added.
  at::Tensor weight() const;
  at::Tensor in_groups(const at::Tensor& x) const;

  NormSpec spec_;
  std::vector<at::Tensor> weights_;  // one, or one a head where the file splits them
  at::Tensor bias_;                  // undefined where the norm has none
};

}  // namespace llmbox
