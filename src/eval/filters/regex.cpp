// regex and regex_replace: the general filters of a task file.
#include "core/error.h"
#include "eval/filters/filter.h"
#include "eval/pattern.h"

namespace llmbox {

namespace {

Pattern pattern_of(const Json& arguments, const char* filter) {
  if (!arguments.contains("pattern") || !arguments["pattern"].is_string())
    fail(fmt::format("filter {}", filter), "expected the argument 'pattern', got {}", arguments.dump());
  return Pattern(arguments["pattern"].get<std::string>());
}

}  // namespace

Filter make_regex(const Json& arguments) {
  const Pattern pattern = pattern_of(arguments, "regex");
  const size_t group = arguments.value("group", 0);
  const bool last = arguments.value("pick", "last") == "last";
  return [pattern, group, last](const std::string& text) {
    const auto matches = pattern.find_all(text);
    if (matches.empty()) return text;
    const PatternMatch& match = last ? matches.back() : matches.front();
    return group < match.groups.size() ? match.groups[group] : text;
  };
}

Filter make_regex_replace(const Json& arguments) {
  const Pattern pattern = pattern_of(arguments, "regex_replace");
  const std::string with = arguments.value("with", "");
  return [pattern, with](const std::string& text) { return pattern.replace(text, with); };
}

}  // namespace llmbox
