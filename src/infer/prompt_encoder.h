// Texts to the token ids the model sees, by the conventions of lm-evaluation-harness and LLMBox: one place adds BOS
// (iff the tokenizer's post-processor does, and never twice), special-token spellings are read as such, and a context
// with its continuation is tokenized as one text. Immutable and thread-safe. What does not fit the window is cut on the
// left of the context, or scored in windows where the continuation itself is too long.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "chat/language_model.h"
#include "tokenizer/tokenizer.h"

namespace llmbox {

/// ids[first_scored], … are to be scored, in one pass of the model.
struct ScoreWindow {
  std::vector<int32_t> ids;
  int64_t first_scored = 1;
};

struct EncodedScore {
  std::vector<ScoreWindow> windows;  // in the order of the text; every token is scored in one of them
  int n_truncated = 0;
};

class PromptEncoder {
 public:
  explicit PromptEncoder(std::shared_ptr<const Tokenizer> tokenizer);

  /// Special tokens in front (BOS), then the text.
  std::vector<int32_t> encode(std::string_view text) const;
  /// The text of a chat template: it writes its own BOS.
  std::vector<int32_t> encode_rendered(std::string_view text) const;
  /// The continuation begins behind as many tokens as the context alone has; spaces at the context's end go to the
  /// continuation. max_length: most tokens of one pass.
  EncodedScore encode_score(const ScoreRequest& request, int64_t max_length) const;

  const Tokenizer& tokenizer() const { return *tokenizer_; }

 private:
  std::shared_ptr<const Tokenizer> tokenizer_;
  std::vector<int32_t> prefix_;  // what the post-processor puts in front
};

/// Cuts `ids`, scored from first_scored on, to passes of at most max_length tokens: lm-evaluation-harness' rolling
/// windows, each token predicted once, with all the context that fits in the last window.
EncodedScore cut_to_windows(std::vector<int32_t> ids, int64_t first_scored, int64_t max_length);

}  // namespace llmbox
