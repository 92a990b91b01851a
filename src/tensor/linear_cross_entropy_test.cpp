#include "tensor/linear_cross_entropy.h"

#include "tensor/op_check.h"

namespace llmbox {
namespace {

at::Tensor some_labels(int64_t rows, int64_t vocabulary, int64_t skip_every) {
  at::Tensor labels = at::arange(rows, at::kLong).mul(7).remainder(vocabulary);
  for (int64_t i = 0; i < rows; i += skip_every) labels[i] = kIgnoredLabel;
  return labels;
}

TEST(LinearCrossEntropyTest, EqualsNaiveInLossAndGradients) {
  for (const auto& [rows, width, vocabulary] :
       std::vector<std::array<int64_t, 3>>{{5, 8, 11}, {70, 32, 100}, {1100, 16, 50}}) {
    const at::Tensor labels = some_labels(rows, vocabulary, 3);
    const Op op = [&](const Tensors& t) { return linear_cross_entropy(t[0], t[1], t[2], labels); };
    const Op naive = [&](const Tensors& t) { return linear_cross_entropy_naive(t[0], t[1], t[2], labels); };
    const Tensors inputs{random_tensor({rows, width}, at::kFloat, 1),
                         random_tensor({vocabulary, width}, at::kFloat, 2, 0.3),
                         random_tensor({vocabulary}, at::kFloat, 3)};
    for (const auto type : {at::kFloat, at::kBFloat16}) expect_equal_to_naive(op, naive, inputs, type);
    if (rows < 100) expect_gradient_of_differences(naive, inputs);
  }
}

TEST(LinearCrossEntropyTest, NoRowCountsGivesZeroAndZeroGradients) {
  const at::Tensor labels = at::full({4}, kIgnoredLabel, at::kLong);
  const Op op = [&](const Tensors& t) { return linear_cross_entropy(t[0], t[1], {}, labels); };
  const Tensors r =
      value_and_gradients(op, {random_tensor({4, 8}, at::kFloat, 1), random_tensor({9, 8}, at::kFloat, 2)}, at::kFloat);
  EXPECT_EQ(r[0].item<float>(), 0);
  EXPECT_EQ(r[1].abs().sum().item<float>(), 0);
  EXPECT_EQ(r[2].abs().sum().item<float>(), 0);
}

TEST(LinearCrossEntropyTest, FrozenHeadGivesHiddenGradientsOnly) {
  const at::Tensor hidden = random_tensor({6, 8}, at::kFloat, 1).requires_grad_(true),
                   weight = random_tensor({9, 8}, at::kFloat, 2);
  (linear_cross_entropy(hidden, weight, {}, some_labels(6, 9, 2)) / 3).backward();
  const at::Tensor ours = hidden.grad().clone();
  hidden.mutable_grad() = at::Tensor();
  (linear_cross_entropy_naive(hidden, weight, {}, some_labels(6, 9, 2)) / 3).backward();
  EXPECT_LE(relative_error(ours, hidden.grad()), 1e-6);
}

TEST(LinearCrossEntropyTest, NanInTheHiddenStatesIsNanInTheLoss) {
  at::Tensor hidden = random_tensor({6, 32}, at::kFloat, 1);
  hidden[1][2] = std::nan("");
  const at::Tensor weight = random_tensor({40, 32}, at::kFloat, 2);
  EXPECT_TRUE(std::isnan(linear_cross_entropy(hidden, weight, {}, at::arange(6, at::kLong)).item<float>()));
}

TEST(LinearTokenScoresTest, EqualLogSoftmaxAndArgmax) {
  for (const auto type : {at::kFloat, at::kBFloat16}) {
    const at::Tensor hidden = random_tensor({700, 24}, type, 1), weight = random_tensor({90, 24}, type, 2);
    const at::Tensor logits = at::linear(hidden, weight).to(at::kFloat);
    at::Tensor targets = some_labels(700, 90, 1000);
    targets[0] = 5;
    targets.narrow(0, 100, 50).copy_(logits.narrow(0, 100, 50).argmax(1));
    const TokenScores scores = linear_token_scores(hidden, weight, {}, targets);
    const at::Tensor truth = at::log_softmax(logits, -1).gather(1, targets.unsqueeze(1)).squeeze(1);
    EXPECT_LE((scores.logprob - truth).abs().max().item<double>(), 1e-5);
    EXPECT_TRUE(at::equal(scores.is_argmax, logits.argmax(1).eq(targets)));
  }
}

}  // namespace
}  // namespace llmbox
