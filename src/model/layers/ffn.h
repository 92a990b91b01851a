// The dense feed-forward block, gated or plain.
#pragma once

#include <span>

#include "model/layers/feed_forward.h"

namespace llmbox {

/// x → act(x), elementwise.
at::Tensor activate(Activation activation, const at::Tensor& x);

class Ffn : public FeedForward {
 public:
  Ffn(const FfnSpec& spec, const ParameterSource& source);
  at::Tensor forward(const at::Tensor& x) const override;
  /// Rows [starts[g], starts[g + 1]) of x through ffns[g], each product of all of them at once. Requires: groupable().
  static at::Tensor forward_groups(std::span<const Ffn> ffns, const at::Tensor& x, std::span<const int64_t> starts);
  /// Dense, gated by a product of its own, without biases.
  bool groupable() const;
  void visit_parameters(const ParameterVisitor& visit) const override;
  void visit_linears(const LinearVisitor& visit) override;

 private:
  /// What down reads.
  at::Tensor activated(at::Tensor gate, const at::Tensor& up) const;

  FfnSpec spec_;
  std::shared_ptr<Linear> gate_;  // null where there is none
  std::shared_ptr<Linear> up_;
  std::shared_ptr<Linear> down_;
};

}  // namespace llmbox
