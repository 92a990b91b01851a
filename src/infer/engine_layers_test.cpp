// The engine over every kind of layer that a cache must know of: windows, slopes, sinks, experts, latents, recurrences.
#include <gtest/gtest.h>

#include "core/test_shared.h"
#include "infer/engine.h"

namespace llmbox {
namespace {

std::filesystem::path architecture(const std::string& name) { return shared_path("fixtures/architectures/" + name); }

class EngineLayers : public ::testing::TestWithParam<const char*> {};
INSTANTIATE_TEST_SUITE_P(Fixtures, EngineLayers,
                         ::testing::Values("bloom", "deepseek_v2", "deepseek_v3", "falcon_new", "gemma2", "gpt_oss",
                                           "mamba", "mixtral", "mpt", "opt", "qwen3_next", "smollm3"),
                         [](const auto& instance) { return std::string(instance.param); });

TEST_P(EngineLayers, GreedyTextsEqualTheReferenceHoweverTheyAreCut) {
  REQUIRE_SHARED();
  const auto model = Decoder::load(architecture(GetParam()));
  const Json greedy = read_json_file(architecture(GetParam()) / "reference.json")["greedy"];
  const auto prompt = greedy["prompt"].get<std::vector<int32_t>>();
  for (const EngineOptions& options :
       {EngineOptions{}, EngineOptions{.page_size = 4, .step_tokens = 5}, EngineOptions{.prefix_cache = false}}) {
    Engine engine(*model, options);
    std::vector<std::vector<int32_t>> texts(3);
    for (size_t i = 0; i < texts.size(); ++i) {
      TokenGenerateJob job;
      job.ids = prompt;
      if (i == 1) job.ids.resize(7);  // a neighbour that shares the beginning
      job.params.temperature = 0;
      job.params.max_tokens = static_cast<int>(greedy["tokens"].size());
      job.done = [&texts, i](std::vector<int32_t> ids, FinishReason) { texts[i] = std::move(ids); };
      engine.submit(std::move(job));
    }
    engine.run();
    EXPECT_EQ(texts[0], greedy["tokens"].get<std::vector<int32_t>>());
    EXPECT_EQ(texts[2], texts[0]);
  }
}

TEST_P(EngineLayers, ScoresAreTheSameBitsInAnyBatch) {
  REQUIRE_SHARED();
  const auto model = Decoder::load(architecture(GetParam()));
  std::vector<std::vector<int32_t>> texts;
  for (int32_t i = 0; i < 5; ++i) {
    texts.emplace_back();
    for (int32_t t = 0; t < 11 + 5 * i; ++t) texts.back().push_back((t * 37 + (t > 6 ? i * 11 : 0)) % 256);
  }
  const auto scores = [&](const std::vector<std::vector<int32_t>>& batch, const EngineOptions& options) {
    Engine engine(*model, options);
    std::vector<std::vector<float>> results(batch.size());
    for (size_t i = 0; i < batch.size(); ++i)
      engine.submit(TokenScoreJob{batch[i], 1, [&results, i](TokenScoreResult r) { results[i] = r.logprobs; }});
    engine.run();
    return results;
  };
  const auto together = scores(texts, {}), cut = scores(texts, {.page_size = 4, .step_tokens = 9});
  for (size_t i = 0; i < texts.size(); ++i) {
    const auto alone = scores({texts[i]}, {.prefix_cache = false})[0];
    EXPECT_EQ(alone, together[i]) << i;
    EXPECT_EQ(alone, cut[i]) << i;
  }
}

TEST(EngineModels, RefusesWhatDoesNotPredictTheNextToken) {
  REQUIRE_SHARED();
  const auto message = [](const char* name) {
    const auto model = Decoder::load(architecture(name));
    return message_of([&] { Engine engine(*model); });
  };
  EXPECT_EQ(message("llama_reward"),
            "[LlamaForSequenceClassification] expected a model that predicts tokens, got one that scores; try a causal "
            "LM");
  for (const char* name : {"bert", "t5"})
    EXPECT_NE(message(name).find("expected a decoder-only model, got one with an encoder"), std::string::npos);
}

}  // namespace
}  // namespace llmbox
