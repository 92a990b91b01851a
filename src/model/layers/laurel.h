// A learned low-rank residual beside attention (LAuReL, Menghani et al. 2024): x + norm(right left x).
#pragma once

#include "model/layers/norm.h"

namespace llmbox {

class Laurel {
 public:
  Laurel(const LaurelSpec& spec, const ParameterSource& source);
  at::Tensor forward(const at::Tensor& x) const;
  void visit_parameters(const ParameterVisitor& visit) const;
  void visit_linears(const LinearVisitor& visit);

 private:
  LaurelSpec spec_;
  std::shared_ptr<Linear> left_, right_;
  Norm norm_;
};

}  // namespace llmbox
