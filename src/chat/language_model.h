// What evaluation, serving and chat know of a model: it scores spans of text and continues text. A local engine, a
// remote API and a mock are members. Requests go in all at once: the implementation batches them and shares their
// prefixes.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "chat/message.h"

namespace llmbox {

/// How to choose tokens. temperature 0 = greedy. 0 or 1.0 in a filter = that filter is off.
struct SamplingParams {
  int max_tokens = 128;
  double temperature = 0.0;
  int top_k = 0;
  double top_p = 1.0;
  double min_p = 0.0;
  double repetition_penalty = 1.0;
  uint64_t seed = 0;
  std::vector<std::string> stop;  // generation ends before the first of these; they are not part of the text
  bool ignore_eos = false;
};

/// Asks for log p(continuation | context). Empty context: the continuation is scored from BOS (or from its 2nd token).
struct ScoreRequest {
  std::string context;
  std::string continuation;
};

struct ScoreResult {
  double logprob = 0;            // sum over the continuation's tokens, nats
  int n_tokens = 0;              // tokens of the continuation
  bool greedy = false;           // every token was the arg-max
  int n_truncated = 0;           // context tokens dropped on the left to fit the window
  std::vector<double> logprobs;  // one per token
};

struct GenerateRequest {
  std::string prompt;  // used as it is when messages is empty (special-token spellings are parsed, BOS added if the
                       // tokenizer adds it)
  Messages messages;   // otherwise rendered through the model's chat template
  Json tools;          // null or a list
  SamplingParams params;
};

struct Completion {
  std::string text;
  std::vector<int32_t> ids;
  std::string finish_reason;  // "stop" | "length" | "cancelled"
  int n_prompt_tokens = 0;
};

/// Called for each piece of text of request `index`; return false to cancel that request.
using StreamCallback = std::function<bool(size_t index, const std::string& text)>;
/// Called with the result of request `index` as soon as it is known (in any order): journals and progress bars hang on
/// it.
using ScoreDone = std::function<void(size_t index, const ScoreResult& result)>;
using CompletionDone = std::function<void(size_t index, const Completion& result)>;

class LanguageModel {
 public:
  virtual ~LanguageModel() = default;
  virtual std::vector<ScoreResult> score(std::span<const ScoreRequest> requests, const ScoreDone& done = {}) = 0;
  virtual std::vector<Completion> generate(std::span<const GenerateRequest> requests, const StreamCallback& stream = {},
                                           const CompletionDone& done = {}) = 0;
  /// Renders messages to the prompt text the model would see.
  virtual std::string render(const Messages& messages, const Json& tools = nullptr) = 0;
  /// Tokens of a text (no special tokens added); 0 where the model cannot tell.
  virtual int count_tokens(const std::string& /*text*/) const { return 0; }
  /// Longest context in tokens.
  virtual int max_context() const = 0;
  /// What the run computed: {"tokens_computed", "tokens_reused", …}, for reports.
  virtual Json stats() const { return Json::object(); }
};

}  // namespace llmbox
