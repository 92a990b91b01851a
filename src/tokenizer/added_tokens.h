// Tokens that are found in the text before anything else is done to it (special tokens, runs of spaces …), with the
// flags of tokenizer.json. Filled while loading, then immutable and thread-safe.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "tokenizer/span.h"

namespace llmbox {

struct AddedToken {
  int32_t id = 0;
  std::string content;
  bool single_word = false;  // only where no word character touches it
  bool lstrip = false;       // takes the spaces before it along
  bool rstrip = false;       // … and after it
  bool normalized = true;    // looked for in the normalized text
  bool special = false;
  bool spelled = false;  // the content is in normalized form already
};

/// A part of a text: an added token (id >= 0) or text between them (id -1).
struct AddedPart {
  Span span;
  int32_t id;
};

/// Finds the leftmost, longest spelling of a set of tokens.
class AddedMatcher {
 public:
  /// `spelling` may differ from token.content (normalized).
  void add(std::string_view spelling, const AddedToken& token);
  bool empty() const { return tokens_.empty(); }
  /// Bytes of the longest spelling at the front of the text, flags aside; 0: none.
  size_t match_length(std::string_view text) const { return tokens_.empty() ? 0 : longest_at(text, 0).end; }
  bool may_match(std::string_view text) const;
  /// Appends the parts of the text. Special tokens are text where parse_special is false.
  void split(std::string_view text, bool parse_special, std::vector<AddedPart>& parts) const;

 private:
  struct Node {
    std::vector<std::pair<char, uint32_t>> children;
    int32_t token = -1;
  };
  struct Found {
    size_t end;
    int32_t token;
  };
  Found longest_at(std::string_view text, size_t begin) const;

  std::vector<Node> nodes_{1};
  std::vector<AddedToken> tokens_;
  bool first_byte_[256] = {};
};

}  // namespace llmbox
