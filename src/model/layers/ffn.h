// The dense feed-forward block, gated or plain.
#pragma once

#include "model/layers/feed_forward.h"

namespace llmbox {

/// x → act(x), elementwise.
at::Tensor activate(Activation activation, const at::Tensor& x);

class Ffn : public FeedForward {
 public:
  Ffn(const FfnSpec& spec, const ParameterSource& source);
  at::Tensor forward(const at::Tensor& x) const override;
  void visit_parameters(const ParameterVisitor& visit) const override;
  void visit_linears(const LinearVisitor& visit) override;

 private:
  FfnSpec spec_;
  std::shared_ptr<Linear> gate_;  // null where there is none
  std::shared_ptr<Linear> up_;
  std::shared_ptr<Linear> down_;
};

}  // namespace llmbox
