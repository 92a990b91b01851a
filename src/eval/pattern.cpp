#define PCRE2_CODE_UNIT_WIDTH 8
#include "eval/pattern.h"

#include <pcre2.h>

#include "core/error.h"

namespace llmbox {

Pattern::Pattern(const std::string& expression) {
  int error = 0;
  PCRE2_SIZE offset = 0;
  const uint32_t flags = PCRE2_UTF | PCRE2_UCP | PCRE2_MATCH_INVALID_UTF;
  pcre2_code* code = pcre2_compile(reinterpret_cast<PCRE2_SPTR>(expression.data()), expression.size(), flags, &error,
                                   &offset, nullptr);
  if (!code) {
    PCRE2_UCHAR message[200];
    pcre2_get_error_message(error, message, sizeof message);
    fail("pattern", "expected a regular expression, got '{}': {} at character {}", expression,
         reinterpret_cast<const char*>(message), offset);
  }
  code_ = std::shared_ptr<void>(code, [](void* p) { pcre2_code_free(static_cast<pcre2_code*>(p)); });
}

std::optional<PatternMatch> Pattern::search(std::string_view text, size_t from) const {
  const auto* code = static_cast<const pcre2_code*>(code_.get());
  const std::unique_ptr<pcre2_match_data, void (*)(pcre2_match_data*)> data(
      pcre2_match_data_create_from_pattern(code, nullptr), pcre2_match_data_free);
  const int n = pcre2_match(code, reinterpret_cast<PCRE2_SPTR>(text.data()), text.size(), from, 0, data.get(), nullptr);
  if (n <= 0) return std::nullopt;
  const PCRE2_SIZE* bounds = pcre2_get_ovector_pointer(data.get());
  PatternMatch match{bounds[0], bounds[1], {}};
  for (uint32_t i = 0; i < pcre2_get_ovector_count(data.get()); ++i) {
    const bool took_part = static_cast<int>(i) < n && bounds[2 * i] != PCRE2_UNSET;
    match.groups.emplace_back(took_part ? text.substr(bounds[2 * i], bounds[2 * i + 1] - bounds[2 * i])
                                        : std::string_view());
  }
  return match;
}

std::vector<PatternMatch> Pattern::find_all(std::string_view text) const {
  std::vector<PatternMatch> all;
  size_t from = 0;
  while (from <= text.size()) {
    auto match = search(text, from);
    if (!match) break;
    from = match->end > match->begin ? match->end : match->end + 1;
    all.push_back(std::move(*match));
  }
  return all;
}

std::string Pattern::replace(std::string_view text, std::string_view replacement) const {
  std::string result;
  size_t done = 0;
  for (const PatternMatch& match : find_all(text)) {
    result.append(text.substr(done, match.begin - done)).append(replacement);
    done = match.end;
  }
  return result.append(text.substr(done));
}

}  // namespace llmbox
