#include "infer/local_model.h"

#include <gtest/gtest.h>

#include <fstream>

#include "core/error.h"
#include "core/test_shared.h"

namespace llmbox {
namespace {

std::unique_ptr<LocalModel> load_weights(const std::string& name, EngineOptions engine = {}) {
  return LocalModel::load({.model = shared_path("fixtures/weights/" + name + "/hf"), .engine = engine});
}

struct Weights : testing::TestWithParam<std::string> {
  Json reference() { return read_json_file(shared_path("fixtures/weights/" + GetParam() + "/reference.json")); }
};

TEST_P(Weights, GreedyTextsEqualTheReference) {
  REQUIRE_SHARED();
  const auto model = load_weights(GetParam());
  std::vector<GenerateRequest> requests;
  const Json reference = this->reference();
  for (const Json& run : reference["greedy"]) {
    requests.push_back({.prompt = run["prompt"], .messages = {}, .tools = {}, .params = {}});
    requests.back().params.max_tokens = static_cast<int>(run["generated_ids"].size());
    requests.back().params.ignore_eos = true;
  }
  std::vector<std::string> streamed(requests.size());
  const auto texts = model->generate(requests, [&](size_t i, const std::string& piece) {
    streamed[i] += piece;
    return true;
  });
  for (size_t i = 0; i < texts.size(); ++i) {
    const Json& run = reference["greedy"][i];
    EXPECT_EQ(texts[i].ids, run["generated_ids"].get<std::vector<int32_t>>()) << run["prompt"];
    EXPECT_EQ(requests[i].prompt + texts[i].text, run["text"].get<std::string>());
    EXPECT_EQ(streamed[i], texts[i].text);
  }
}

TEST_P(Weights, LogProbabilitiesEqualTheReference) {
  REQUIRE_SHARED();
  const auto model = load_weights(GetParam());
  const Json reference = this->reference();
  std::vector<ScoreRequest> requests;
  for (const Json& text : reference["score"]) requests.push_back({"", text["text"]});
  const auto results = model->score(requests);
  for (size_t i = 0; i < results.size(); ++i) {
    const auto nll = reference["score"][i]["nll"].get<std::vector<double>>();
    ASSERT_EQ(results[i].logprobs.size(), nll.size());
    for (size_t t = 0; t < nll.size(); ++t) EXPECT_NEAR(-results[i].logprobs[t], nll[t], 1e-3);
  }
}

INSTANTIATE_TEST_SUITE_P(Trained, Weights, testing::Values("stories260K", "aidreams260K"));

struct Architectures : testing::TestWithParam<const char*> {};

TEST_P(Architectures, GreedyTokensEqualTheReference) {
  REQUIRE_SHARED();
  const auto folder = shared_path(std::string("fixtures/architectures/") + GetParam());
  const Json greedy = read_json_file(folder / "reference.json")["greedy"];
  const auto decoder = Decoder::load(folder);
  for (const int64_t step_tokens : {2048, 5}) {
    Engine engine(*decoder, {.step_tokens = step_tokens});
    std::vector<int32_t> tokens;
    TokenGenerateJob job;
    job.ids = greedy["prompt"].get<std::vector<int32_t>>();
    job.params.max_tokens = static_cast<int>(greedy["tokens"].size());
    job.done = [&](std::vector<int32_t> ids, FinishReason) { tokens = std::move(ids); };
    engine.submit(std::move(job));
    engine.run();
    EXPECT_EQ(tokens, greedy["tokens"].get<std::vector<int32_t>>());
  }
}

INSTANTIATE_TEST_SUITE_P(Families, Architectures,
                         testing::Values("llama2", "llama3_1", "qwen2", "qwen3", "gpt2", "mistral"));

TEST(LocalModel, ScoresAreTheSameWithAndWithoutThePrefixCache) {
  REQUIRE_SHARED();
  const auto shared = load_weights("stories260K");
  const auto plain = load_weights("stories260K", {.prefix_cache = false});
  std::vector<ScoreRequest> requests;
  for (const char* context : {"Once upon a time", "Once upon a time there was a dog. ", "Tom said"})
    for (const char* option : {" there was a girl", " he ran", " \"Hi!\""}) requests.push_back({context, option});
  const auto with = shared->score(requests), without = plain->score(requests);
  for (size_t i = 0; i < with.size(); ++i) {
    EXPECT_EQ(with[i].logprob, without[i].logprob);
    EXPECT_EQ(with[i].greedy, without[i].greedy);
    EXPECT_EQ(with[i].n_tokens, without[i].n_tokens);
  }
  EXPECT_LT(shared->stats()["tokens_computed"], plain->stats()["tokens_computed"]);
  EXPECT_EQ(shared->stats()["tokens_plain"], plain->stats()["tokens_computed"]);
}

TEST(LocalModel, PerplexityOfALongTextScoresEveryTokenOnce) {
  REQUIRE_SHARED();
  const auto model = load_weights("aidreams260K");
  std::string text;
  for (int i = 0; i < 60; ++i) text += "The cat saw a big red ball and ran. ";
  const ScoreRequest request{"", text};
  const auto result = model->score(std::span(&request, 1))[0];
  EXPECT_EQ(result.n_tokens, model->count_tokens(text));
  EXPECT_GT(result.n_tokens, 3 * model->max_context());
}

TEST(LocalModel, StopStringsEndTheTextAcrossTokenBorders) {
  REQUIRE_SHARED();
  const auto model = load_weights("stories260K");
  GenerateRequest request;
  request.prompt = "Once upon a time";
  request.params.max_tokens = 60;
  const std::string whole = model->generate(std::span(&request, 1))[0].text;
  request.params.stop = {"amed L", "never said"};
  std::string streamed;
  const auto stopped = model->generate(std::span(&request, 1), [&](size_t, const std::string& piece) {
    streamed += piece;
    return true;
  })[0];
  EXPECT_EQ(stopped.text, whole.substr(0, whole.find("amed L")));
  EXPECT_EQ(streamed, stopped.text);
  EXPECT_EQ(stopped.finish_reason, "stop");
}

TEST(LocalModel, CutsLongContextsOnTheLeftAndCounts) {
  REQUIRE_SHARED();
  const auto model = load_weights("aidreams260K");
  std::string context;
  for (int i = 0; i < 60; ++i) context += "The cat saw a ball. ";
  const ScoreRequest request{context, "The dog ran."};
  const auto result = model->score(std::span(&request, 1))[0];
  EXPECT_GT(result.n_truncated, 0);
  EXPECT_GT(result.n_tokens, 0);
  GenerateRequest prompt;
  prompt.prompt = context;
  prompt.params.max_tokens = 5;
  model->generate(std::span(&prompt, 1));
  EXPECT_EQ(model->stats()["prompts_truncated"], 1);
}

TEST(LocalModel, RefusesATokenizerThatIsNotTheModels) {
  REQUIRE_SHARED();
  const TempFolder folder;
  std::filesystem::copy(shared_path("fixtures/weights/stories260K/hf"), folder.path());
  std::filesystem::remove(folder.path() / "tokenizer.model");
  for (const char* name : {"tokenizer.json", "tokenizer_config.json"})
    std::filesystem::copy_file(shared_path("fixtures/tokenizers/llama2") / name, folder.path() / name,
                               std::filesystem::copy_options::overwrite_existing);
  const std::string message = message_of([&] { LocalModel::load({.model = folder.path()}); });
  EXPECT_NE(message.find("expected tokens below the model's vocabulary of 512, got"), std::string::npos) << message;
}

TEST(LocalModel, RefusesMessagesWithoutAChatTemplate) {
  REQUIRE_SHARED();
  const auto model = load_weights("stories260K");
  EXPECT_EQ(message_of([&] { model->render({make_message("user", "Hi")}); }),
            "[template] expected a model with a chat template, got none; try --template NAME or a plain prompt");
}

TEST(CutToWindows, EveryTokenIsScoredOnceWithAllTheContextThatFits) {
  std::vector<int32_t> ids(24);
  for (int i = 0; i < 24; ++i) ids[i] = i;
  const auto encoded = cut_to_windows(ids, 1, 10);  // lm-evaluation-harness: 10, 10 and 3 tokens
  ASSERT_EQ(encoded.windows.size(), 3u);
  EXPECT_EQ(encoded.windows[0].ids.size(), 11u);
  EXPECT_EQ(encoded.windows[1].ids, std::vector<int32_t>(ids.begin() + 10, ids.begin() + 21));
  EXPECT_EQ(encoded.windows[1].first_scored, 1);
  EXPECT_EQ(encoded.windows[2].ids, std::vector<int32_t>(ids.begin() + 13, ids.end()));
  EXPECT_EQ(encoded.windows[2].first_scored, 8);
}

TEST(CutToWindows, AContextThatDoesNotFitLosesItsBeginning) {
  std::vector<int32_t> ids(24);
  const auto encoded = cut_to_windows(ids, 20, 10);
  ASSERT_EQ(encoded.windows.size(), 1u);
  EXPECT_EQ(encoded.windows[0].ids.size(), 11u);
  EXPECT_EQ(encoded.windows[0].first_scored, 7);
  EXPECT_EQ(encoded.n_truncated, 13);
}

}  // namespace
}  // namespace llmbox
