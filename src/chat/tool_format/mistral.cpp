// Mistral v0.3: JSON lists of tools and of calls.
#include "chat/tool_format/formats.h"
#include "chat/tool_format/given.h"
#include "chat/tool_format/reply_json.h"

namespace llmbox::tool_text {

std::string mistral_tools(const Json& tools, const std::tm&) {
  if (!has_tools(tools)) return {};
  return "[AVAILABLE_TOOLS] " + dump(all_wrapped(tools)) + "[/AVAILABLE_TOOLS]";
}

std::string mistral_calls(const Json& calls) { return dump(call_objects(read_calls(calls), "arguments")); }

std::optional<Json> mistral_parse(std::string_view output) { return read_call_list(output, "arguments"); }

}  // namespace llmbox::tool_text
