// The `pattern` of Split and Replace in tokenizer.json: {"String": ...}, {"Regex": ...} or a bare string. Immutable and
// thread-safe. A description of another form, or a pattern that does not compile, throws Error.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/json.h"
#include "tokenizer/regex.h"
#include "tokenizer/span.h"

namespace llmbox {

class Pattern {
 public:
  explicit Pattern(const Json& description);

  /// Appends every match, in order, without overlap; empty matches are left out.
  void find_all(std::string_view text, std::vector<Span>& matches) const;

  /// `text` with every match replaced.
  std::string replace_all(std::string_view text, std::string_view content) const;

  /// Whether the text may hold a match: a cheap test that is never wrong in saying no.
  bool may_match(std::string_view text) const;

  /// The text of a Regex pattern, or empty.
  const std::string& regex_text() const { return regex_text_; }

 private:
  std::string literal_;
  std::string regex_text_;
  std::unique_ptr<Regex> regex_;
};

}  // namespace llmbox
