// A mixture of experts. Tokens are sorted by the expert they go to, gathered once, each expert computes its own rows,
// and the results are put back and summed once; experts without tokens are not touched. A token's result does not
// depend on the other tokens.
#pragma once

#include <optional>
#include <vector>

#include "model/layers/feed_forward.h"
#include "model/layers/ffn.h"
#include "model/layers/fused_experts.h"
#include "model/layers/router.h"

namespace llmbox {

class Moe : public FeedForward {
 public:
  Moe(const MoeSpec& spec, const ParameterSource& source);
  at::Tensor forward(const at::Tensor& x) const override;
  void visit_parameters(const ParameterVisitor& visit) const override;
  void visit_linears(const LinearVisitor& visit) override;

 private:
  at::Tensor run_expert(int64_t expert, const at::Tensor& rows) const;
  /// Rows sorted by expert, counts of each → what the experts give, in the same order.
  at::Tensor run_experts(const at::Tensor& rows, std::span<const int64_t> counts) const;
  at::Tensor routed(const at::Tensor& x) const;

  MoeSpec spec_;
  Router router_;
  std::vector<Ffn> experts_;
  std::optional<FusedExperts> fused_;
  std::optional<Ffn> shared_;
  std::shared_ptr<Linear> shared_gate_;  // null where there is none
};

}  // namespace llmbox
