// What the formats are given to write: tools and calls, checked, and values as the JSON that Python's json.dumps
// makes of them. Everything throws Error naming the tool or call at fault; nothing nests deeper than kDeepest.
#pragma once

#include <string>
#include <vector>

#include "core/json.h"

namespace llmbox::tool_text {

/// Levels of lists and objects that tools, calls and replies may have (templates take no more than 400).
constexpr int kDeepest = 300;

/// Refuses what is no list of objects with names; false for an empty list or null, which is written as nothing.
bool has_tools(const Json& tools);
/// The function object of a tool: the inner one of {"type": "function", "function": …}. Requires: has_tools.
const Json& bare(const Json& tool);
/// The tool as {"type": "function", "function": …}. Requires: has_tools.
Json wrapped(const Json& tool);
/// The tools, each bare.
Json all_bare(const Json& tools);
/// The tools, each wrapped.
Json all_wrapped(const Json& tools);

/// The heading and the list of wrapped tools in <tools> with which qwen and its kin begin. Requires: has_tools.
std::string signatures_text(const Json& tools);

/// One call, borrowed from the list that it stands in.
struct Call {
  const std::string& name;
  const Json& arguments;
};

/// calls: a list of {"name", "arguments"}, or one of them; it outlives the result.
std::vector<Call> read_calls(const Json& calls);
/// The arguments of a call by their names. Throws Error where they are no object.
const Json& named_arguments(const Call& call);
/// [{"name": …, `key`: arguments}]
Json call_objects(const std::vector<Call>& calls, const char* key);
/// The text of each call, joined by line breaks.
std::string lines(const std::vector<Call>& calls, std::string (*text)(const Call&));

/// json.dumps(value, ensure_ascii=False)
std::string dump(const Json& value);
/// json.dumps(value, ensure_ascii=False, indent=4)
std::string indented_dump(const Json& value);
/// A string as it is, anything else as its dump.
std::string plain_text(const Json& value);
/// Python's str(value); empty where `object` has no such key.
std::string python_text(const Json& object, const char* key);

}  // namespace llmbox::tool_text
