#include "adapter/lora.h"

#include <gtest/gtest.h>

#include "model/fixture_model.h"

namespace llmbox {
namespace {

std::filesystem::path adapter(const std::string& name) { return shared_path("fixtures/adapters/" + name); }

class Adapter : public ::testing::TestWithParam<std::pair<const char*, const char*>> {
 protected:
  std::unique_ptr<Decoder> base() const { return Decoder::load(architecture(GetParam().second)); }
  std::filesystem::path folder() const { return adapter(GetParam().first); }
  SafetensorsFile reference() const { return SafetensorsFile::open(folder() / "reference.safetensors"); }
};

INSTANTIATE_TEST_SUITE_P(Fixtures, Adapter,
                         ::testing::Values(std::pair{"lora", "llama3_1"}, std::pair{"lora_rslora", "llama3_1"},
                                           std::pair{"lora_patterns", "llama3_1"}, std::pair{"lora_gpt2", "gpt2"}),
                         [](const auto& instance) { return instance.param.first; });

TEST_P(Adapter, AdaptedAndMergedLogitsEqualTheReference) {
  REQUIRE_SHARED();
  const at::NoGradGuard no_grad;
  const auto model = base();
  load_adapter(*model, folder(), false);
  const SafetensorsFile expected = reference();
  const TokenBatch batch = batch_of_rows(expected.tensor("input_ids"));
  const at::Tensor adapted = logits_of(*model, batch);
  EXPECT_LT(max_difference(adapted, expected.tensor("logits").flatten(0, 1)), 1e-4);
  merge_adapters(*model);
  const at::Tensor merged = logits_of(*model, batch);
  EXPECT_LT(max_difference(merged, expected.tensor("merged_logits").flatten(0, 1)), 1e-4);
  EXPECT_LT(max_difference(merged, adapted), 1e-4);
  EXPECT_TRUE(adapter_parameters(*model).empty());
}

TEST_P(Adapter, SavedModelIsTheMergedOne) {
  REQUIRE_SHARED();
  const at::NoGradGuard no_grad;
  const TempFolder out;
  const auto model = base();
  load_adapter(*model, folder(), false);
  model->save(out.path());
  const auto again = Decoder::load(out.path());
  const TokenBatch batch = batch_of_rows(reference().tensor("input_ids"));
  EXPECT_LT(max_difference(logits_of(*again, batch), logits_of(*model, batch)), 1e-4);
}

TEST_P(Adapter, SavedAdapterEqualsLoadedBitForBit) {
  REQUIRE_SHARED();
  const TempFolder out;
  const auto model = base();
  load_adapter(*model, folder(), false);
  save_adapter(*model, out.path());
  const auto before = SafetensorsFile::open(folder() / "adapter_model.safetensors");
  const auto after = SafetensorsFile::open(out.path() / "adapter_model.safetensors");
  auto names = before.names(), again = after.names();
  std::sort(names.begin(), names.end());
  std::sort(again.begin(), again.end());
  ASSERT_EQ(names, again);
  for (const std::string& name : names) EXPECT_TRUE(at::equal(before.tensor(name), after.tensor(name))) << name;
  EXPECT_EQ(read_json_file(folder() / "adapter_config.json"), read_json_file(out.path() / "adapter_config.json"));
}

at::Tensor loss_of(Decoder& model, const TokenBatch& batch, std::optional<uint64_t> seed) {
  SegmentContext context(batch.segment_starts);
  set_lora_dropout(model, seed);
  at::Tensor loss = mean_loss(model, batch, context);
  loss.backward();
  return loss;
}

TEST(Lora, ANewAdapterChangesNothingAndAloneIsTrainable) {
  REQUIRE_SHARED();
  const auto plain = Decoder::load(architecture("llama3_1"));
  const auto model = Decoder::load(architecture("llama3_1"));
  Rng rng(1);
  const NamedTensors trainable = attach_lora(*model, {.r = 4}, rng);
  EXPECT_EQ(trainable.size(), 3u * 7 * 2);
  const TokenBatch batch = TokenBatch::from_segments({{1, 2, 3, 4, 5}, {6, 7, 8}});
  {
    const at::NoGradGuard no_grad;
    EXPECT_TRUE(at::equal(logits_of(*plain, batch), logits_of(*model, batch)));
  }
  loss_of(*model, batch, {});
  size_t with_gradient = 0;
  for (const auto& [name, tensor] : model->parameters()) with_gradient += tensor.grad().defined();
  EXPECT_EQ(with_gradient, trainable.size());
  for (const auto& [name, tensor] : trainable) EXPECT_TRUE(tensor.grad().defined()) << name;
}

TEST(Lora, DropoutReplaysItsMaskWhereLayersAreRecomputed) {
  REQUIRE_SHARED();
  std::vector<at::Tensor> gradients[2];
  const SafetensorsFile reference = SafetensorsFile::open(architecture("llama3_1") / "reference.safetensors");
  const TokenBatch batch = batch_of_rows(reference.tensor("input_ids"));
  for (const bool recompute : {false, true}) {
    const auto model = Decoder::load(architecture("llama3_1"), {.checkpoint_activations = recompute});
    Rng rng(1);
    const NamedTensors trainable = attach_lora(*model, {.r = 4, .dropout = 0.5}, rng);
    for (const auto& [name, tensor] : trainable) tensor.detach().fill_(0.01);
    const double first = loss_of(*model, batch, 5).item<double>();
    EXPECT_NE(first, loss_of(*model, batch, 6).item<double>());
    EXPECT_NE(first, loss_of(*model, batch, {}).item<double>());
    EXPECT_EQ(first, loss_of(*model, batch, 5).item<double>());
    for (const auto& [name, tensor] : trainable) gradients[recompute].push_back(tensor.grad());
  }
  for (size_t i = 0; i < gradients[0].size(); ++i) EXPECT_TRUE(at::equal(gradients[0][i], gradients[1][i])) << i;
}

TEST(Lora, TargetsAreEndsOfNames) {
  REQUIRE_SHARED();
  const auto model = Decoder::load(architecture("llama3_1"));
  Rng rng(1);
  EXPECT_EQ(attach_lora(*model, {.target_modules = {"q_proj", "mlp.up_proj"}}, rng).size(), 3u * 2 * 2);
  const std::string message = message_of([&] { attach_lora(*model, {.target_modules = {"q_prj"}}, rng); });
  EXPECT_NE(message.find("got 'q_prj'; try 'q_proj'"), std::string::npos) << message;
}

TEST(Lora, AnAdapterOfAnotherModelOrMethodIsRefused) {
  REQUIRE_SHARED();
  const auto model = Decoder::load(architecture("qwen2"));
  EXPECT_NE(message_of([&] { load_adapter(*model, adapter("lora"), false); }).find("is it an adapter of this model?"),
            std::string::npos);
  EXPECT_NE(message_of([&] { load_adapter(*model, adapter("lora_dora"), false); }).find("use_dora"), std::string::npos);
  EXPECT_NE(message_of([&] { load_adapter(*model, adapter("ia3"), false); }).find("got 'IA3'"), std::string::npos);
}

}  // namespace
}  // namespace llmbox
