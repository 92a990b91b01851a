// A LanguageModel for tests: it answers by functions that the test gives and remembers what it was asked.
#pragma once

#include <algorithm>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "chat/language_model.h"

namespace llmbox {

class MockModel : public LanguageModel {
 public:
  std::function<std::string(const GenerateRequest&)> answer = [](const GenerateRequest&) { return std::string(); };
  std::function<double(const ScoreRequest&)> logprob = [](const ScoreRequest& request) {
    return -static_cast<double>(request.continuation.size());
  };
  int context = 2048;
  std::vector<ScoreRequest> scored;
  std::vector<GenerateRequest> generated;

  std::vector<ScoreResult> score(std::span<const ScoreRequest> requests, const ScoreDone& done = {}) override {
    std::vector<ScoreResult> results;
    for (const ScoreRequest& request : requests) {
      scored.push_back(request);
      ScoreResult result;
      result.logprob = logprob(request);
      result.n_tokens = static_cast<int>(request.continuation.size());
      result.logprobs.assign(request.continuation.size(), result.logprob / std::max(1, result.n_tokens));
      results.push_back(std::move(result));
      if (done) done(results.size() - 1, results.back());
    }
    return results;
  }

  std::vector<Completion> generate(std::span<const GenerateRequest> requests, const StreamCallback& stream = {},
                                   const CompletionDone& done = {}) override {
    std::vector<Completion> results;
    for (const GenerateRequest& request : requests) {
      generated.push_back(request);
      const size_t index = results.size();
      Completion completion{answer(request), {}, "stop", 0};
      if (stream && !stream(index, completion.text)) completion.finish_reason = "cancelled";
      results.push_back(std::move(completion));
      if (done) done(index, results.back());
    }
    return results;
  }

  /// "role: content\n" a message.
  std::string render(const Messages& messages, const Json& = nullptr) override {
    std::string text;
    for (const Message& message : messages)
      text += message.value("role", "") + ": " + message.value("content", "") + "\n";
    return text;
  }

  int count_tokens(const std::string& text) const override { return static_cast<int>(text.size()); }
  int max_context() const override { return context; }
};

}  // namespace llmbox
