// The dense feed-forward block, gated or plain.
#pragma once

#include "model/layers/parameters.h"

namespace llmbox {

class Ffn {
 public:
  Ffn(const FfnSpec& spec, const ParameterSource& source);
  at::Tensor forward(const at::Tensor& x) const;  // (N, E) → (N, E)
  void visit_parameters(const ParameterVisitor& visit) const;
  void visit_linears(const LinearVisitor& visit);

 private:
  FfnSpec spec_;
  std::shared_ptr<Linear> gate_;  // null where there is none
  std::shared_ptr<Linear> up_;
  std::shared_ptr<Linear> down_;
};

}  // namespace llmbox
