#include "adapter/lora.h"

#include <gtest/gtest.h>

#include "model/fixture_model.h"

namespace llmbox {
namespace {

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

}  // namespace
}  // namespace llmbox
