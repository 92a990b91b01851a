#include "chat/tool_format/reply_scan.h"

#include <algorithm>

#include "chat/jinja/text.h"

namespace llmbox::tool_text {
namespace {

/// Where text[begin, end) ends without the white space at its end.
size_t trimmed_end(std::string_view text, size_t begin, size_t end) {
  return begin + jinja::strip(text.substr(begin, end - begin), jinja::Side::right).size();
}

/// Past the end of the first "</function>\s*close" at or after `from`; `begin` gets where it begins.
size_t end_of_function(std::string_view text, size_t from, std::string_view close, size_t& begin) {
  static constexpr std::string_view kEnd = "</function>";
  for (begin = text.find(kEnd, from); begin != kNone; begin = text.find(kEnd, begin + 1)) {
    const size_t at = skip_space(text, begin + kEnd.size());
    if (stands_at(text, at, close)) return at + close.size();
  }
  return kNone;
}

}  // namespace

size_t skip_space(std::string_view text, size_t at) {
  for (size_t next = at; at < text.size(); at = next)
    if (!jinja::is_space(jinja::next_code_point(text, next))) break;
  return at;
}

bool stands_at(std::string_view text, size_t at, std::string_view mark) {
  return at <= text.size() && text.substr(at).starts_with(mark);
}

std::optional<std::string_view> enclosed(std::string_view text, std::string_view open, std::string_view close) {
  const size_t opened = text.find(open);
  if (opened == kNone) return std::nullopt;
  const size_t from = opened + open.size(), begin = skip_space(text, from);
  if (begin == text.size()) return std::nullopt;
  if (const size_t end = text.find(close, begin + 1); end != kNone)
    return text.substr(begin, std::max(trimmed_end(text, begin, end), begin + 1) - begin);
  if (begin > from && stands_at(text, begin, close)) return text.substr(begin - 1, 1);  // blanks alone are a group too
  return std::nullopt;
}

std::optional<Pair> next_pair(std::string_view& text, const PairMarks& marks) {
  const size_t open = text.find(marks.open);
  if (open == kNone) return std::nullopt;
  const size_t key = open + marks.open.size(), middle = text.find(marks.middle, key);
  if (middle == kNone) return std::nullopt;
  const size_t value = middle + marks.middle.size(), close = text.find(marks.close, value);
  if (close == kNone) return std::nullopt;
  const Pair found{text.substr(key, middle - key), text.substr(value, close - value)};
  text.remove_prefix(close + marks.close.size());
  return found;
}

std::optional<Pair> next_function(std::string_view& text, const FunctionMarks& marks) {
  static constexpr std::string_view kFunction = "<function=";
  for (size_t open = text.find(marks.open); open != kNone; open = text.find(marks.open, open + 1)) {
    const size_t function = skip_space(text, open + marks.open.size());
    if (!stands_at(text, function, kFunction)) continue;
    const size_t name = skip_space(text, function + kFunction.size());
    size_t name_end = name;
    for (size_t next = name; name_end < text.size(); name_end = next) {
      if (marks.name_ends.find(text[name_end]) != kNone) break;
      if (jinja::is_space(jinja::next_code_point(text, next))) break;
    }
    if (name_end == name) continue;
    size_t body_end = 0;
    const size_t end = end_of_function(text, name_end, marks.close, body_end);
    if (end == kNone) return std::nullopt;
    const Pair found{text.substr(name, name_end - name), text.substr(name_end, body_end - name_end)};
    text.remove_prefix(end);
    return found;
  }
  return std::nullopt;
}

}  // namespace llmbox::tool_text
