// A compiled pattern in the dialect of tokenizer.json (Oniguruma: ^ and $ at line ends, Unicode \s \w \d), run by PCRE2
// with its JIT. Immutable and thread-safe. A pattern that PCRE2 cannot compile throws Error at construction.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace llmbox {

class Regex {
 public:
  struct Match {
    size_t begin;
    size_t end;
  };

  explicit Regex(std::string_view pattern);
  ~Regex();
  Regex(Regex&&) noexcept;

  /// The first match at or after `from`. Requires: text is valid UTF-8 and `from` is at a character.
  std::optional<Match> find(std::string_view text, size_t from) const;

  const std::string& pattern() const { return pattern_; }

 private:
  struct Compiled;
  std::string pattern_;
  std::unique_ptr<Compiled> compiled_;
};

}  // namespace llmbox
