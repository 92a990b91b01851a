#include "model/vocabulary.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "core/test_shared.h"
#include "model/decoder.h"

namespace llmbox {
namespace {

Json tiny_config(bool tied) {
  return {{"model_type", "llama"},         {"hidden_size", 8},         {"intermediate_size", 16},
          {"num_hidden_layers", 1},        {"num_attention_heads", 2}, {"vocab_size", 6},
          {"max_position_embeddings", 16}, {"rms_norm_eps", 1e-5},     {"tie_word_embeddings", tied}};
}

at::Tensor rows_of(const ModelFiles& files, const std::string& name) {
  return find_weight(files.weights, name, "test").read();
}

constexpr const char* kEmbedding = "model.embed_tokens.weight";

TEST(GrowVocabulary, NewRowsAreMeansOfTheirPieces) {
  const auto model = Decoder::create(tiny_config(false), 1);
  const ModelFiles old = model->files();
  const ModelFiles grown = grow_vocabulary(old, {.first = 6, .spelled = {{1, 3}, {}}});
  for (const char* name : {kEmbedding, "lm_head.weight"}) {
    const at::Tensor before = rows_of(old, name), after = rows_of(grown, name);
    ASSERT_EQ(after.sizes(), (std::vector<int64_t>{8, 8})) << name;
    EXPECT_TRUE(at::equal(after.narrow(0, 0, 6), before)) << name;
    EXPECT_TRUE(at::allclose(after[6], (before[1] + before[3]) / 2)) << name;
    EXPECT_TRUE(at::allclose(after[7], before.mean(0))) << name;
  }
  EXPECT_EQ(grown.config["vocab_size"], 8);
  EXPECT_EQ(Decoder::build(grown)->spec().vocab_size, 8);
}

TEST(GrowVocabulary, SpareRowsAreTakenFirst) {
  const auto model = Decoder::create(tiny_config(true), 1);
  const ModelFiles old = model->files(), grown = grow_vocabulary(old, {.first = 3, .spelled = {{0}}});
  const at::Tensor before = rows_of(old, kEmbedding), after = rows_of(grown, kEmbedding);
  ASSERT_EQ(after.size(0), 6);
  EXPECT_TRUE(at::equal(after[3], before[0]));
  EXPECT_TRUE(at::equal(after.narrow(0, 4, 2), before.narrow(0, 4, 2)));
}

TEST(GrowVocabulary, NoiseIsSmallAndOfItsSeed) {
  const auto model = Decoder::create(tiny_config(true), 1);
  const ModelFiles old = model->files();
  auto rows = [&](uint64_t seed) {
    VocabularyGrowth growth{.first = 6, .rows = NewRows::kNoisyMean, .seed = seed};
    growth.spelled.resize(1000);
    return rows_of(grow_vocabulary(old, growth), kEmbedding).narrow(0, 6, 1000);
  };
  const at::Tensor noise = rows(1) - rows_of(old, kEmbedding).mean(0);
  EXPECT_NEAR(noise.std().item<double>(), 1 / std::sqrt(8.0), 0.02);
  EXPECT_TRUE(at::equal(rows(1), rows(1)));
  EXPECT_FALSE(at::equal(rows(1), rows(2)));
}

TEST(GrowVocabulary, RefusesATokenizerOfAnotherModel) {
  const auto model = Decoder::create(tiny_config(true), 1);
  const ModelFiles old = model->files();
  EXPECT_NE(message_of([&] { grow_vocabulary(old, {.first = 7}); }).find("an embedding of 7 rows"), std::string::npos);
  EXPECT_NE(message_of([&] { grow_vocabulary(old, {.first = 3, .spelled = {{4}}}); }).find("ids below 3, got 4"),
            std::string::npos);
}

}  // namespace
}  // namespace llmbox
