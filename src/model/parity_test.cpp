// Further families: every folder of tests/parity (see its generate.py) against its reference.
#include <gtest/gtest.h>

#include "model/fixture_model.h"

namespace llmbox {
namespace {

std::filesystem::path parity_folder() { return std::filesystem::path(LLMBOX_SOURCE_DIR) / "tests/parity"; }

std::vector<std::string> parity_models() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(parity_folder()))
    if (std::filesystem::exists(entry.path() / "config.json")) names.push_back(entry.path().filename().string());
  std::sort(names.begin(), names.end());
  return names;
}

class Parity : public ::testing::TestWithParam<std::string> {};
INSTANTIATE_TEST_SUITE_P(Models, Parity, ::testing::ValuesIn(parity_models()),
                         [](const auto& instance) { return instance.param; });

TEST_P(Parity, LogitsLossAndGradientEqualTheReference) {
  const auto folder = parity_folder() / GetParam();
  const auto model = Decoder::load(folder);
  const SafetensorsFile expected = SafetensorsFile::open(folder / "reference.safetensors");
  const TokenBatch batch = batch_of_rows(expected.tensor("input_ids"));
  {
    const c10::InferenceMode inference;
    EXPECT_LT(max_difference(logits_of(*model, batch), expected.tensor("logits").flatten(0, 1)), 1e-4);
  }
  for (const auto& [name, tensor] : model->parameters()) at::Tensor(tensor).requires_grad_(true);
  SegmentContext context(batch.segment_starts);
  const at::Tensor loss = mean_loss(*model, batch, context);
  EXPECT_NEAR(loss.item<double>(), expected.tensor("loss").item<double>(), 1e-4);
  loss.backward();
  // The embedding's gradient has gone through every layer.
  const at::Tensor gradient = model->parameters()[0].second.grad(), truth = expected.tensor("embedding_gradient");
  EXPECT_LT((gradient - truth).norm().item<double>(), 1e-3 * truth.norm().item<double>());
  for (const auto& [name, tensor] : model->parameters()) {
    const bool may_be_idle = name.find(".experts.") != std::string::npos;
    EXPECT_TRUE(tensor.grad().defined() || may_be_idle) << name;
  }
}

TEST_P(Parity, SavedEqualsLoaded) {
  const c10::InferenceMode inference;
  const TempFolder folder;
  const auto model = Decoder::load(parity_folder() / GetParam());
  model->save(folder.path());
  const auto again = Decoder::load(folder.path());
  const SafetensorsFile texts = SafetensorsFile::open(parity_folder() / GetParam() / "reference.safetensors");
  const TokenBatch batch = batch_of_rows(texts.tensor("input_ids"));
  EXPECT_LT(max_difference(logits_of(*model, batch), logits_of(*again, batch)), 1e-6);
}

}  // namespace
}  // namespace llmbox
