#include "infer/sampling/sampler.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <set>

#include "core/error.h"
#include "core/json.h"
#include "infer/sampling/steps.h"

namespace llmbox {
namespace {

SamplingParams params_of(const Json& json) {
  SamplingParams params;
  params.temperature = json.value("temperature", 1.0);
  params.top_k = json.value("top_k", 0);
  params.top_p = json.value("top_p", 1.0);
  params.min_p = json.value("min_p", 0.0);
  params.repetition_penalty = json.value("repetition_penalty", 1.0);
  return params;
}

// tests/cases/sampler/*.jsonl: {"name", "logits", "history"?, "params", "candidates": {id: logit}} as transformers'
// logits processors leave them (removed tokens absent).
TEST(Sampler, StepsLeaveTheCandidatesOfTheCases) {
  const std::string text = read_text_file(std::filesystem::path(LLMBOX_SOURCE_DIR) / "tests/cases/sampler/steps.jsonl");
  size_t begin = 0, n_cases = 0;
  while (begin < text.size()) {
    const size_t end = text.find('\n', begin);
    const Json test = parse_json(text.substr(begin, end - begin), "steps.jsonl");
    begin = end + 1;
    ++n_cases;
    const SamplingParams params = params_of(test["params"]);
    const auto history = test.value("history", std::vector<int32_t>{});
    SamplingState state{{}, history, &params};
    for (float logit : test["logits"].get<std::vector<float>>())
      state.candidates.push_back({static_cast<int32_t>(state.candidates.size()), logit});
    for (const SamplerStep& step : sampler_steps())
      if (step.is_active(params)) step.apply(state);
    std::map<std::string, float> left;
    for (const Candidate& candidate : state.candidates) left[std::to_string(candidate.id)] = candidate.logit;
    EXPECT_EQ(left.size(), test["candidates"].size()) << test["name"];
    for (const auto& [id, logit] : test["candidates"].items())
      EXPECT_NEAR(left.contains(id) ? left[id] : NAN, logit.get<float>(), 1e-5) << test["name"] << " token " << id;
  }
  EXPECT_GE(n_cases, 10u);
}

TEST(Sampler, TemperatureZeroTakesTheFirstOfTheLargest) {
  Sampler sampler;
  const std::vector<float> logits{0, 3, 3, 1};
  EXPECT_EQ(sampler.pick(logits, {}, {}, 0), 1);
  const std::vector<int32_t> history{1};
  SamplingParams penalized;
  penalized.repetition_penalty = 1.5;
  EXPECT_EQ(sampler.pick(logits, history, penalized, 0), 2);
}

TEST(Sampler, SameSeedAndDrawGiveTheSameToken) {
  Sampler sampler;
  const std::vector<float> logits{0.1f, 0.2f, 0.3f, 0.4f, 0.0f};
  SamplingParams params;
  params.temperature = 1;
  std::set<std::vector<int32_t>> runs;
  for (uint64_t seed : {1, 2, 3, 1}) {
    params.seed = seed;
    std::vector<int32_t> run;
    for (uint64_t draw = 0; draw < 20; ++draw) run.push_back(sampler.pick(logits, {}, params, draw));
    runs.insert(run);
  }
  EXPECT_EQ(runs.size(), 3u);
}

TEST(Sampler, DrawsWithTheProbabilitiesOfTheLogits) {
  Sampler sampler;
  const std::vector<float> logits{std::log(0.5f), std::log(0.3f), std::log(0.15f), std::log(0.05f)};
  SamplingParams params;
  params.temperature = 1;
  std::vector<int> counts(4);
  for (uint64_t draw = 0; draw < 20000; ++draw) ++counts[sampler.pick(logits, {}, params, draw)];
  EXPECT_NEAR(counts[0] / 20000.0, 0.5, 0.02);
  EXPECT_NEAR(counts[1] / 20000.0, 0.3, 0.02);
  EXPECT_NEAR(counts[3] / 20000.0, 0.05, 0.01);
}

TEST(Sampler, RefusesParametersOutOfRange) {
  SamplingParams params;
  params.top_p = 0;
  try {
    check_sampling(params, "generate");
    FAIL();
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(), "[generate] expected top_p above 0 and at most 1 (1: off), got 0");
  }
}

}  // namespace
}  // namespace llmbox
