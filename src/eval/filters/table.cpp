#include "core/error.h"
#include "core/near_name.h"
#include "eval/filters/filter.h"

namespace llmbox {

namespace {

constexpr FilterKind kFilters[] = {
    {"trim", "whitespace at both ends removed", make_trim},
    {"lower", "ASCII letters in lower case", make_lower},
    {"cut", "the text before the first of `at` (default . ! ( ) and newline)", make_cut},
    {"number", "the last number, commas between digits removed; the text where there is none", make_number},
    {"regex", "group `group` (0) of the `pick` (last|first) match of `pattern`; the text where there is none",
     make_regex},
    {"regex_replace", "every match of `pattern` replaced by `with` (nothing)", make_regex_replace},
    {"replace", "every `text` replaced by `with` (nothing)", make_replace},
    {"drop_thinking", "<think>…</think> removed", make_drop_thinking},
};

}  // namespace

std::span<const FilterKind> filter_kinds() { return kFilters; }

Filter make_filters(const std::vector<NamedStep>& steps, const std::string& where) {
  std::vector<Filter> filters;
  std::vector<std::string> names;
  for (const FilterKind& kind : kFilters) names.emplace_back(kind.name);
  for (const NamedStep& step : steps) {
    const auto kind = std::find(names.begin(), names.end(), step.name);
    if (kind == names.end())
      fail(where, "expected a filter, got '{}'; try {}", step.name, near_names(step.name, names));
    filters.push_back(kFilters[kind - names.begin()].make(step.arguments));
  }
  return [filters](const std::string& text) {
    std::string result = text;
    for (const Filter& filter : filters) result = filter(result);
    return result;
  };
}

}  // namespace llmbox
