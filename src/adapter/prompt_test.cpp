#include "adapter/prompt.h"

#include <gtest/gtest.h>

#include "model/fixture_model.h"

namespace llmbox {
namespace {

/// The rows of ids with the virtual tokens in front.
std::vector<std::vector<int32_t>> sequences(const Decoder& model, const at::Tensor& ids) {
  std::vector<std::vector<int32_t>> all;
  for (int64_t row = 0; row < ids.size(0); ++row) {
    all.push_back(virtual_token_ids(model));
    for (int64_t i = 0; i < ids.size(1); ++i) all.back().push_back(static_cast<int32_t>(ids[row][i].item<int64_t>()));
  }
  return all;
}

class Prompt : public ::testing::TestWithParam<const char*> {
 protected:
  std::unique_ptr<Decoder> model_ = Decoder::load(architecture("llama3_1"));
  SafetensorsFile expected_ = SafetensorsFile::open(reference_adapter(GetParam()) / "reference.safetensors");

  /// The reference's rows: prompt methods have logits of the virtual tokens too.
  at::Tensor compared(const at::Tensor& logits) {
    const at::Tensor truth = expected_.tensor("logits");
    const at::Tensor rows = logits.view({truth.size(0), -1, truth.size(2)});
    return rows.slice(1, rows.size(1) - truth.size(1)) - truth;
  }
};
INSTANTIATE_TEST_SUITE_P(Fixtures, Prompt,
                         ::testing::Values("prompt_tuning", "p_tuning", "prefix_tuning", "prefix_tuning_projection"),
                         [](const auto& instance) { return instance.param; });

TEST_P(Prompt, LogitsEqualTheReferenceAndComeBackFromASave) {
  REQUIRE_SHARED();
  const at::NoGradGuard no_grad;
  load_adapter(*model_, reference_adapter(GetParam()), false);
  const auto rows = sequences(*model_, expected_.tensor("input_ids"));
  const at::Tensor logits = logits_of(*model_, TokenBatch::from_segments(rows));
  EXPECT_LT(compared(logits).abs().max().item<double>(), 1e-4);

  const TempFolder folder;
  save_adapter(*model_, folder.path());
  const auto again = Decoder::load(architecture("llama3_1"));
  load_adapter(*again, folder.path(), false);
  EXPECT_EQ(max_difference(logits_of(*again, TokenBatch::from_segments(rows)), logits), 0);
  EXPECT_EQ(read_json_file(folder.path() / "adapter_config.json"),
            read_json_file(reference_adapter(GetParam()) / "adapter_config.json"));
}

TEST_P(Prompt, OnlyTheVirtualTokensLearn) {
  REQUIRE_SHARED();
  const NamedTensors parameters = load_adapter(*model_, reference_adapter(GetParam()), true);
  ASSERT_EQ(parameters.size(), 1u);
  at::Tensor rows = parameters[0].second;
  const TokenBatch batch = TokenBatch::from_segments(sequences(*model_, expected_.tensor("input_ids")));
  const auto loss = [&] {
    SegmentContext context(batch.segment_starts);
    const at::Tensor labels = at::where(next_tokens(batch) < 256, next_tokens(batch), kIgnoredLabel);
    const at::Tensor hidden = model_->forward(batch, context);
    return linear_cross_entropy(hidden, model_->head_weight(), model_->head_bias(), labels, {}).div(48);
  };
  const at::Tensor before = loss();
  before.backward();
  for (const auto& [name, tensor] : model_->parameters()) EXPECT_FALSE(tensor.grad().defined()) << name;
  ASSERT_GT(rows.grad().norm().item<double>(), 0);
  // A step along the gradient changes the loss as the gradient says.
  const at::NoGradGuard no_grad;
  const at::Tensor direction = rows.grad() / rows.grad().norm();
  constexpr double kStep = 1e-2;
  rows.add_(direction, kStep);
  const double above = loss().item<double>();
  rows.add_(direction, -2 * kStep);
  const double below = loss().item<double>();
  EXPECT_NEAR((above - below) / (2 * kStep), rows.grad().norm().item<double>(),
              0.02 * rows.grad().norm().item<double>() + 1e-4);
}

TEST(PromptAdapter, IsRefusedWhereItDoesNotFit) {
  REQUIRE_SHARED();
  const auto fault = [](const char* base, const char* name) {
    const auto model = Decoder::load(architecture(base));
    return message_of([&] { load_adapter(*model, reference_adapter(name), false); });
  };
  EXPECT_NE(fault("qwen3", "prompt_tuning").find("expected a shape of [tokens, 48], got [5, 64]"), std::string::npos);
  EXPECT_NE(fault("deepseek_v2", "prefix_tuning").find("keys and values of one shape"), std::string::npos);
  const auto model = Decoder::load(architecture("llama3_1"));
  load_adapter(*model, reference_adapter("prompt_tuning"), false);
  EXPECT_NE(message_of([&] { merge_adapters(*model); }).find("cannot be merged"), std::string::npos);
}

}  // namespace
}  // namespace llmbox
