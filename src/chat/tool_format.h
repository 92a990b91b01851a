// How tools and calls are written as text, and read back from what a model says, for models without a Jinja template
// of their own that does it: LLaMA-Factory's tool formats, one file each in tool_format/, byte for byte.
// Pure functions, thread-safe. Writing throws Error on what is no list of tools or calls; parse never throws on a
// reply, takes time linear in it, and gives null for calls nested deeper than 300 levels.
#pragma once

#include <ctime>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "core/json.h"

namespace llmbox {

struct ToolFormat {
  const char* name;  // LLaMA-Factory's: default, glm4, llama3, …
  /// The tools as part of the system text; tools: a list of function objects {"name", "description", "parameters"},
  /// bare or as {"type": "function", "function": …}; {} for an empty list. today: read by llama3 alone.
  std::string (*tools_text)(const Json& tools, const std::tm& today);
  /// The calls as the assistant writes them: [{"name", "arguments"}], or one such object. Arguments are an object;
  /// formats that write them as one JSON text also take any other value (a string stays a string).
  std::string (*calls_text)(const Json& calls);
  /// The calls in a model's output, [{"name", "arguments"}], in their order; null where it is plain text. Arguments
  /// are the JSON that the model wrote; with gemma4 the text itself where that is no JSON.
  std::optional<Json> (*parse)(std::string_view output);
};

/// Every format, in the order of the documentation.
std::span<const ToolFormat> tool_formats();

/// Throws Error naming the nearest formats.
const ToolFormat& tool_format(std::string_view name);

}  // namespace llmbox
