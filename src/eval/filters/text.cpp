// trim, lower, cut, replace, drop_thinking: filters that need no pattern.
#include "core/error.h"
#include "eval/filters/filter.h"

namespace llmbox {

std::string trimmed(std::string_view text) {
  constexpr std::string_view kSpace = " \t\n\r\v\f";
  const size_t begin = text.find_first_not_of(kSpace);
  if (begin == std::string_view::npos) return "";
  return std::string(text.substr(begin, text.find_last_not_of(kSpace) - begin + 1));
}

Filter make_trim(const Json&) {
  return [](const std::string& text) { return trimmed(text); };
}

Filter make_lower(const Json&) {
  return [](std::string text) {
    for (char& c : text)
      if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    return text;
  };
}

Filter make_cut(const Json& arguments) {
  const std::string at = arguments.value("at", ".!()\n");
  return [at](const std::string& text) { return text.substr(0, text.find_first_of(at)); };
}

Filter make_replace(const Json& arguments) {
  const std::string from = arguments.value("text", ""), to = arguments.value("with", "");
  if (from.empty()) fail("filter replace", "expected the argument 'text', got {}", arguments.dump());
  return [from, to](std::string text) {
    for (size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size()))
      text.replace(at, from.size(), to);
    return text;
  };
}

Filter make_drop_thinking(const Json&) {
  return [](std::string text) {
    constexpr std::string_view kOpen = "<think>", kClose = "</think>";
    const size_t close = text.rfind(kClose);
    if (close == std::string::npos) return text;
    const size_t open = std::min(text.find(kOpen), close);  // templates that open the thinking leave only the end
    return open == close ? trimmed(text.substr(close + kClose.size()))
                         : trimmed(text.substr(0, open) + text.substr(close + kClose.size()));
  };
}

}  // namespace llmbox
