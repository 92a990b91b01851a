// The engine over every kind of layer that a cache must know of: windows, slopes, sinks, experts, latents, recurrences.
#include <gtest/gtest.h>

#include "adapter/prompt.h"
#include "core/test_shared.h"
#include "infer/engine.h"
#include "model/segment_context.h"
#include "tensor/safetensors.h"

namespace llmbox {
namespace {

std::filesystem::path architecture(const std::string& name) { return shared_path("fixtures/architectures/" + name); }

const auto kNameOf = [](const auto& instance) { return std::string(instance.param); };

class EngineLayers : public ::testing::TestWithParam<const char*> {};
INSTANTIATE_TEST_SUITE_P(Fixtures, EngineLayers,
                         ::testing::Values("bloom", "deepseek_v2", "deepseek_v3", "falcon_new", "gemma2", "gpt_oss",
                                           "mamba", "mixtral", "mpt", "opt", "qwen3_next", "smollm3"),
                         kNameOf);

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

class EngineVirtualTokens : public ::testing::TestWithParam<const char*> {};
INSTANTIATE_TEST_SUITE_P(Fixtures, EngineVirtualTokens, ::testing::Values("prompt_tuning", "prefix_tuning"), kNameOf);

/// Learned tokens in front of each sequence are in the cache like others: the text is that of the whole forward.
TEST_P(EngineVirtualTokens, TextsAreThoseOfTheWholeForward) {
  REQUIRE_SHARED();
  const at::NoGradGuard no_grad;
  const auto model = Decoder::load(architecture("llama3_1"));
  load_adapter(*model, shared_path(std::string("fixtures/adapters/") + GetParam()), false);
  std::vector<int32_t> whole = virtual_token_ids(*model);
  ASSERT_EQ(whole.size(), 5u);
  for (int32_t i = 0; i < 12; ++i) whole.push_back(17 * i % 251);
  for (const EngineOptions& options : {EngineOptions{}, EngineOptions{.page_size = 4, .step_tokens = 3}}) {
    Engine engine(*model, options);
    std::vector<int32_t> text;
    TokenGenerateJob job;
    job.ids = whole;
    job.params.temperature = 0;
    job.params.max_tokens = 8;
    job.done = [&text](std::vector<int32_t> ids, FinishReason) { text = std::move(ids); };
    engine.submit(std::move(job));
    engine.run();
    ASSERT_EQ(text.size(), 8u);
    std::vector<int32_t> sequence = whole;
    for (const int32_t id : text) {
      const TokenBatch batch = TokenBatch::from_segments({sequence});
      SegmentContext context(batch.segment_starts);
      EXPECT_EQ(model->logits(model->forward(batch, context))[-1].argmax().item<int64_t>(), id);
      sequence.push_back(id);
    }
  }
}

/// Log-probabilities of each text's tokens from the second on.
std::vector<std::vector<float>> scores_of(Decoder& model, const std::vector<std::vector<int32_t>>& texts,
                                          const EngineOptions& options) {
  Engine engine(model, options);
  std::vector<std::vector<float>> results(texts.size());
  for (size_t i = 0; i < texts.size(); ++i)
    engine.submit(TokenScoreJob{texts[i], 1, [&results, i](TokenScoreResult r) { results[i] = r.logprobs; }});
  engine.run();
  return results;
}

void expect_same_bits(const std::filesystem::path& folder) {
  const auto model = Decoder::load(folder);
  const int64_t n_vocab = model->spec().vocab_size;
  std::vector<std::vector<int32_t>> texts;
  for (int32_t i = 0; i < 5; ++i) {
    texts.emplace_back();
    for (int32_t t = 0; t < 11 + 5 * i; ++t)
      texts.back().push_back(static_cast<int32_t>((t * 37 + (t > 6 ? i * 11 : 0)) % n_vocab));
  }
  const auto together = scores_of(*model, texts, {});
  const auto cut = scores_of(*model, texts, {.page_size = 4, .step_tokens = 9});
  for (size_t i = 0; i < texts.size(); ++i) {
    const auto alone = scores_of(*model, {texts[i]}, {.prefix_cache = false})[0];
    EXPECT_EQ(alone, together[i]) << i;
    EXPECT_EQ(alone, cut[i]) << i;
  }
}

TEST_P(EngineLayers, ScoresAreTheSameBitsInAnyBatch) {
  REQUIRE_SHARED();
  expect_same_bits(architecture(GetParam()));
}

class EngineParityLayers : public ::testing::TestWithParam<const char*> {};
INSTANTIATE_TEST_SUITE_P(Parity, EngineParityLayers,
                         ::testing::Values("baichuan_13b", "bamba", "codegen", "ernie4_5_moe", "falcon_h1",
                                           "gemma3n_text", "granitemoe", "jamba", "lfm2", "llama4_text", "minicpm3",
                                           "minimax", "phimoe", "rwkv", "rwkv5", "rwkv6", "rwkv7", "xglm"),
                         kNameOf);

TEST_P(EngineParityLayers, ScoresAreTheSameBitsInAnyBatch) {
  expect_same_bits(std::filesystem::path(LLMBOX_SOURCE_DIR) / "tests/parity" / GetParam());
}

/// Log-probability of each of the row's tokens from the second on, (N - 1, 1).
at::Tensor own_scores(const at::Tensor& logits, const at::Tensor& ids) {
  const at::Tensor scores = at::log_softmax(logits.to(at::kFloat), -1);
  return scores.narrow(0, 0, ids.size(0) - 1).gather(1, ids.narrow(0, 1, ids.size(0) - 1).unsqueeze(1));
}

std::filesystem::path first_chatglm() { return std::filesystem::path(LLMBOX_SOURCE_DIR) / "tests/parity/chatglm1"; }

TEST(EngineModels, APromptThatAllTokensSeeIsNeverCut) {
  const auto model = Decoder::load(first_chatglm());
  const SafetensorsFile file = SafetensorsFile::open(first_chatglm() / "reference.safetensors");
  const at::Tensor ids = file.tensor("input_ids"), logits = file.tensor("logits");
  std::vector<std::vector<int32_t>> texts;
  for (int64_t i = 0; i < ids.size(0); ++i) {
    const int64_t* row = ids.const_data_ptr<int64_t>() + i * ids.size(1);
    texts.emplace_back(row, row + ids.size(1));
  }
  const auto together = scores_of(*model, texts, {});
  const auto cut = scores_of(*model, texts, {.page_size = 4, .step_tokens = 3});
  for (size_t i = 0; i < texts.size(); ++i) {
    const auto n = static_cast<int64_t>(i);
    EXPECT_EQ(together[i], cut[i]);
    const at::Tensor expected = own_scores(logits[n], ids[n]).flatten(), ours = at::tensor(together[i]);
    EXPECT_LT((ours - expected).abs().max().item<double>(), 1e-3);
  }
}

TEST(EngineModels, GeneratesAfterAPromptThatAllTokensSee) {
  const auto model = Decoder::load(first_chatglm());
  const int32_t begin = 62, mask = 61;
  std::vector<int32_t> text{5, 9, 33, 17, mask, begin}, made;
  Engine engine(*model, {.page_size = 4, .step_tokens = 3});
  TokenGenerateJob job;
  job.ids = text;
  job.params.temperature = 0;
  job.params.max_tokens = 6;
  job.done = [&made](std::vector<int32_t> ids, FinishReason) { made = std::move(ids); };
  engine.submit(std::move(job));
  engine.run();
  for (const int32_t token : made) {  // one forward over the whole text for each
    const TokenBatch batch = TokenBatch::from_segments({text});
    SegmentContext context(batch.segment_starts);
    const c10::InferenceMode inference;
    const at::Tensor hidden = model->forward(batch, context);
    EXPECT_EQ(model->logits(hidden.narrow(0, hidden.size(0) - 1, 1)).argmax().item<int64_t>(), token);
    text.push_back(token);
  }
  EXPECT_FALSE(made.empty());
  EXPECT_NE(message_of([&] {
              engine.submit(TokenScoreJob{{1, 2, 3}, 1, {}});
            }).find("beginning of an answer"),
            std::string::npos);
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
