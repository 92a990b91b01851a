#include "infer/engine.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

#include "core/error.h"
#include "core/rng.h"

namespace llmbox {
namespace {

Json tiny_config() {
  return {{"model_type", "llama"},
          {"architectures", {"LlamaForCausalLM"}},
          {"hidden_size", 32},
          {"intermediate_size", 48},
          {"num_hidden_layers", 2},
          {"num_attention_heads", 4},
          {"num_key_value_heads", 2},
          {"vocab_size", 40},
          {"max_position_embeddings", 128},
          {"rms_norm_eps", 1e-5},
          {"rope_theta", 10000.0},
          {"tie_word_embeddings", false},
          {"initializer_range", 0.5},
          {"hidden_act", "silu"}};
}

std::unique_ptr<Decoder> tiny_model(at::ScalarType dtype = at::kFloat) {
  return Decoder::create(tiny_config(), 5, {.dtype = dtype});
}

/// Texts in families that share beginnings of every length.
std::vector<TokenScoreJob> make_jobs(size_t n, uint64_t seed = 1) {
  Rng rng(seed);
  std::vector<std::vector<int32_t>> stems;
  for (int i = 0; i < 3; ++i) {
    stems.emplace_back(20 + rng.below(50));
    for (int32_t& id : stems.back()) id = static_cast<int32_t>(rng.below(40));
  }
  std::vector<TokenScoreJob> jobs(n);
  for (TokenScoreJob& job : jobs) {
    const auto& stem = stems[rng.below(stems.size())];
    job.ids.assign(stem.begin(), stem.begin() + 1 + rng.below(stem.size()));
    job.first_scored = static_cast<int64_t>(job.ids.size());
    for (uint64_t i = rng.below(20) + 1; i > 0; --i) job.ids.push_back(static_cast<int32_t>(rng.below(40)));
  }
  return jobs;
}

std::vector<TokenScoreResult> score(Engine& engine, std::vector<TokenScoreJob> jobs) {
  std::vector<TokenScoreResult> results(jobs.size());
  for (size_t i = 0; i < jobs.size(); ++i) {
    jobs[i].done = [&results, i](TokenScoreResult result) { results[i] = std::move(result); };
    engine.submit(std::move(jobs[i]));
  }
  engine.run();
  return results;
}

void expect_same(const std::vector<TokenScoreResult>& a, const std::vector<TokenScoreResult>& b) {
  ASSERT_EQ(a.size(), b.size());
  for (size_t i = 0; i < a.size(); ++i) {
    ASSERT_EQ(a[i].logprobs.size(), b[i].logprobs.size()) << "job " << i;
    EXPECT_EQ(a[i].is_argmax, b[i].is_argmax) << "job " << i;
    for (size_t t = 0; t < a[i].logprobs.size(); ++t)
      EXPECT_EQ(a[i].logprobs[t], b[i].logprobs[t]) << "job " << i << " token " << t;
  }
}

std::vector<TokenScoreResult> one_by_one(Decoder& decoder, const std::vector<TokenScoreJob>& jobs) {
  std::vector<TokenScoreResult> results;
  for (const TokenScoreJob& job : jobs) {
    Engine engine(decoder, {.prefix_cache = false});
    results.push_back(score(engine, {job})[0]);
  }
  return results;
}

struct Text {
  std::vector<int32_t> ids;
  FinishReason reason = FinishReason::cancelled;
  bool operator==(const Text&) const = default;
};

std::vector<Text> generate(Engine& engine, const std::vector<TokenGenerateJob>& jobs) {
  std::vector<Text> texts(jobs.size());
  for (size_t i = 0; i < jobs.size(); ++i) {
    TokenGenerateJob job = jobs[i];
    job.done = [&texts, i](std::vector<int32_t> ids, FinishReason reason) { texts[i] = {std::move(ids), reason}; };
    engine.submit(std::move(job));
  }
  engine.run();
  return texts;
}

std::vector<TokenGenerateJob> make_prompts(size_t n, double temperature = 0) {
  std::vector<TokenGenerateJob> prompts;
  for (TokenScoreJob& job : make_jobs(n, 9)) {
    prompts.emplace_back();
    prompts.back().ids = std::move(job.ids);
    prompts.back().params.max_tokens = 1 + static_cast<int>(prompts.size() * 7 % 30);
    prompts.back().params.temperature = temperature;
    prompts.back().params.seed = prompts.size() / 2;
  }
  return prompts;
}

class EngineOfType : public testing::TestWithParam<at::ScalarType> {};
INSTANTIATE_TEST_SUITE_P(Types, EngineOfType, testing::Values(at::kFloat, at::kBFloat16));

TEST_P(EngineOfType, ScoresDoNotDependOnTheBatchTheCacheOrTheStep) {
  const auto model = tiny_model(GetParam());
  const auto jobs = make_jobs(40);
  const auto expected = one_by_one(*model, jobs);
  const int64_t page_bytes = KvCache::page_bytes(model->spec(), 1, GetParam());
  for (const EngineOptions& options : std::vector<EngineOptions>{{},
                                                                 {.prefix_cache = false},
                                                                 {.step_tokens = 7},
                                                                 {.page_size = 1},
                                                                 {.page_size = 5, .step_tokens = 33},
                                                                 {.page_size = 64},
                                                                 {.cache_bytes = 130 * page_bytes},
                                                                 {.page_size = 4, .cache_bytes = 100 * page_bytes}}) {
    Engine engine(*model, options);
    expect_same(score(engine, jobs), expected);
    expect_same(score(engine, jobs), expected);  // now from a warm cache
  }
}

TEST(Engine, ScoresDoNotDependOnTheOrder) {
  const auto model = tiny_model();
  auto jobs = make_jobs(30);
  Engine engine(*model);
  auto expected = score(engine, jobs);
  std::reverse(jobs.begin(), jobs.end());
  std::reverse(expected.begin(), expected.end());
  Engine other(*model);
  expect_same(score(other, jobs), expected);
}

TEST(Engine, ComputesASharedPrefixOnceWithinOneRun) {
  const auto model = tiny_model();
  std::vector<TokenScoreJob> jobs(4);
  for (int32_t option = 0; option < 4; ++option) {
    jobs[option].ids.assign(50, 3);
    jobs[option].first_scored = 50;
    for (int32_t token : {option, 7}) jobs[option].ids.push_back(token);
  }
  Engine engine(*model);
  score(engine, jobs);
  const EngineStats stats = engine.stats();
  EXPECT_EQ(stats.steps, 1);
  EXPECT_EQ(stats.tokens_plain, 4 * 51);
  EXPECT_EQ(stats.tokens_computed, 51 + 3 * 2);  // the context's last row is computed for each option
  EXPECT_EQ(stats.tokens_computed + stats.tokens_reused, stats.tokens_plain);
}

TEST(Engine, GreedyTextsDoNotDependOnTheBatchTheCacheOrTheStep) {
  const auto model = tiny_model();
  const auto prompts = make_prompts(24);
  std::vector<Text> expected;
  for (const TokenGenerateJob& prompt : prompts) {
    Engine engine(*model, {.prefix_cache = false});
    expected.push_back(generate(engine, {prompt})[0]);
  }
  const int64_t token_bytes = KvCache::page_bytes(model->spec(), 1, at::kFloat);
  for (const EngineOptions& options : std::vector<EngineOptions>{{},
                                                                 {.prefix_cache = false},
                                                                 {.step_tokens = 5},
                                                                 {.page_size = 3, .max_running = 2},
                                                                 {.page_size = 4, .cache_bytes = 132 * token_bytes}}) {
    Engine engine(*model, options);
    EXPECT_EQ(generate(engine, prompts), expected);
    EXPECT_EQ(generate(engine, prompts), expected);
  }
}

TEST(Engine, SampledTextsDependOnTheSeedOnly) {
  const auto model = tiny_model();
  const auto prompts = make_prompts(12, 1.0);
  Engine together(*model), alone(*model, {.prefix_cache = false});
  const auto expected = generate(together, prompts);
  for (size_t i = 0; i < prompts.size(); ++i) EXPECT_EQ(generate(alone, {prompts[i]})[0], expected[i]) << i;
}

TEST(Engine, ScoresAndGeneratesInOneRun) {
  const auto model = tiny_model();
  const auto jobs = make_jobs(10);
  const auto prompts = make_prompts(10);
  Engine first(*model), second(*model), both(*model);
  const auto scores = score(first, jobs);
  const auto texts = generate(second, prompts);
  std::vector<TokenScoreResult> mixed_scores(jobs.size());
  for (size_t i = 0; i < jobs.size(); ++i) {
    TokenScoreJob job = jobs[i];
    job.done = [&mixed_scores, i](TokenScoreResult result) { mixed_scores[i] = std::move(result); };
    both.submit(std::move(job));
  }
  EXPECT_EQ(generate(both, prompts), texts);
  expect_same(mixed_scores, scores);
}

TEST(Engine, ContinuesAConversationFromTheCache) {
  const auto model = tiny_model();
  Engine engine(*model);
  TokenGenerateJob turn;
  turn.ids = {1, 2, 3, 4, 5, 6, 7, 8};
  turn.params.max_tokens = 20;
  const auto first = generate(engine, {turn})[0];
  const int64_t before = engine.stats().tokens_computed;
  turn.ids.insert(turn.ids.end(), first.ids.begin(), first.ids.end());
  turn.ids.push_back(9);
  turn.params.max_tokens = 1;
  generate(engine, {turn});
  EXPECT_EQ(engine.stats().tokens_computed - before, 2);  // the last sampled token and the new one
}

TEST(Engine, EndsAtAStopIdAndAtTheLengthLimit) {
  const auto model = tiny_model();
  Engine engine(*model);
  TokenGenerateJob job;
  job.ids = {1, 2, 3};
  job.params.max_tokens = 6;
  const Text whole = generate(engine, {job})[0];
  EXPECT_EQ(whole.ids.size(), 6u);
  EXPECT_EQ(whole.reason, FinishReason::length);
  job.stop_ids = {whole.ids[3]};
  const Text stopped = generate(engine, {job})[0];
  EXPECT_EQ(stopped.reason, FinishReason::stop);
  EXPECT_LE(stopped.ids.size(), 3u);
  job.stop_ids.clear();
  job.params.max_tokens = 1000;
  EXPECT_EQ(generate(engine, {job})[0].ids.size(), 126u);  // 128 positions, 3 of them the prompt; the last needs none
}

TEST(Engine, ACancelledTextLeavesTheOthersAlone) {
  const auto model = tiny_model();
  Engine engine(*model);
  auto prompts = make_prompts(3);
  for (auto& prompt : prompts) prompt.params.max_tokens = 10;
  const auto whole = generate(engine, prompts);
  int n_seen = 0;
  prompts[1].on_token = [&](int32_t) { return ++n_seen == 2 ? TokenVerdict::cancel : TokenVerdict::go_on; };
  const auto texts = generate(engine, prompts);
  EXPECT_EQ(texts[0], whole[0]);
  EXPECT_EQ(texts[2], whole[2]);
  EXPECT_EQ(texts[1].reason, FinishReason::cancelled);
  EXPECT_EQ(texts[1].ids.size(), 2u);
}

TEST(Engine, RefusesIdsTheModelDoesNotHave) {
  const auto model = tiny_model();
  Engine engine(*model);
  try {
    engine.submit(TokenScoreJob{{1, 40}, 1, {}});
    FAIL();
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(),
                 "[tokenizer] expected token ids below the model's vocabulary of 40, got 40; try the model's own "
                 "tokenizer");
  }
}

TEST(Engine, GivesAllPagesBack) {
  const auto model = tiny_model();
  const int64_t token_bytes = KvCache::page_bytes(model->spec(), 1, at::kFloat);
  Engine engine(*model, {.page_size = 4, .cache_bytes = 160 * token_bytes});
  for (int round = 0; round < 3; ++round) {
    score(engine, make_jobs(20, round));
    generate(engine, make_prompts(10));
  }
  EXPECT_LE(engine.cache_bytes(), 160 * token_bytes);
  engine.forget_prefixes();
}

}  // namespace
}  // namespace llmbox
