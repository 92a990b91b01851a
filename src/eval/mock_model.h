// For tests only: a model whose answers are a function of the request alone, and which can be told to die midway.
#pragma once

#include <stdexcept>

#include "chat/language_model.h"

namespace llmbox {

class MockModel : public LanguageModel {
 public:
  std::vector<ScoreResult> score(std::span<const ScoreRequest> requests, const ScoreDone& done = {}) override {
    std::vector<ScoreResult> results;
    for (size_t i = 0; i < requests.size(); ++i) {
      if (dies_after > 0 && n_scored == dies_after) throw std::runtime_error("killed");
      ++n_scored;
      const std::string text = requests[i].context + "|" + requests[i].continuation;
      uint64_t hash = 1469598103934665603ull;
      for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211ull;
      ScoreResult result;
      result.n_tokens = static_cast<int>(requests[i].continuation.size() / 3) + 1;
      result.logprob = -0.1 * result.n_tokens - static_cast<double>(hash % 100003) / 7919.0;
      results.push_back(result);
      if (done) done(i, result);
    }
    return results;
  }
  std::vector<Completion> generate(std::span<const GenerateRequest> requests, const StreamCallback& = {},
                                   const CompletionDone& done = {}) override {
    std::vector<Completion> results;
    for (size_t i = 0; i < requests.size(); ++i) {
      last_params = requests[i].params;
      results.push_back({answer, {}, "stop", 0});
      if (done) done(i, results.back());
    }
    return results;
  }
  std::string render(const Messages& messages, const Json& = nullptr) override {
    std::string text;
    for (const Message& message : messages)
      text += "<" + message["role"].get<std::string>() + ">" + message["content"].get<std::string>();
    return text + "<assistant>";
  }
  int max_context() const override { return 4096; }

  int n_scored = 0, dies_after = 0;
  std::string answer = "So the answer is 18.";
  SamplingParams last_params;
};

}  // namespace llmbox
