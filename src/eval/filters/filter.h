// Answer filters: what turns a model's text into the answer that is scored (and tidies sources and options). A filter
// is a pure function of one text, made from the arguments that the task file gives; filters run one after the other.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "core/json.h"
#include "eval/task.h"

namespace llmbox {

using Filter = std::function<std::string(const std::string&)>;

struct FilterKind {
  const char* name;
  const char* summary;
  Filter (*make)(const Json& arguments);
};

/// Every filter, in the order of the documentation.
std::span<const FilterKind> filter_kinds();

/// The filters of a task file as one function. Throws Error naming `where` and the nearest known filter.
Filter make_filters(const std::vector<NamedStep>& steps, const std::string& where);

/// Whitespace as Python's str.strip() removes it, for ASCII.
std::string trimmed(std::string_view text);

Filter make_trim(const Json&);
Filter make_lower(const Json&);
Filter make_cut(const Json& arguments);
Filter make_number(const Json&);
Filter make_regex(const Json& arguments);
Filter make_regex_replace(const Json& arguments);
Filter make_replace(const Json& arguments);
Filter make_drop_thinking(const Json&);

}  // namespace llmbox
