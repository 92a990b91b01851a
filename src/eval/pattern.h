// Regular expressions (PCRE2, UTF-8, Unicode classes as in Python's re). A Pattern is immutable and thread-safe.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace llmbox {

struct PatternMatch {
  size_t begin = 0, end = 0;        // bytes of the whole match
  std::vector<std::string> groups;  // [0] = whole match; a group that took no part is ""
};

class Pattern {
 public:
  /// Throws Error for a fault in the expression.
  explicit Pattern(const std::string& expression);

  std::optional<PatternMatch> search(std::string_view text, size_t from = 0) const;
  std::vector<PatternMatch> find_all(std::string_view text) const;
  /// Every match replaced by `replacement` taken literally.
  std::string replace(std::string_view text, std::string_view replacement) const;

 private:
  std::shared_ptr<void> code_;
};

}  // namespace llmbox
