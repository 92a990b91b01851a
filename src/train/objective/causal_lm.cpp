#include "train/objective/causal_lm.h"

#include <memory>

#include "tensor/linear_cross_entropy.h"

namespace llmbox {
namespace {

class CausalLm : public Objective {
 public:
  int64_t weight(const PackedRow& row) const override { return row.n_targets(); }

  at::Tensor loss_sum(Decoder& model, const DeviceBatch& batch) const override {
    at::Tensor hidden = model.forward(batch.tokens, *batch.attention);  // (N, E)
    return linear_cross_entropy(hidden, model.head_weight(), model.head_bias(), batch.labels, model.logit_shape());
  }
};

}  // namespace

std::unique_ptr<Objective> make_causal_lm() { return std::make_unique<CausalLm>(); }

}  // namespace llmbox
