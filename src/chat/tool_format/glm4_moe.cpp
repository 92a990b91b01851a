// GLM-4.5: qwen's list of tools, arguments as pairs of <arg_key> and <arg_value>. LLaMA-Factory writes no </tool_call>
// and reads qwen's form instead of this one; both are kept, so that training sees the same text.
#include "chat/tool_format/formats.h"
#include "chat/tool_format/parameters.h"

namespace llmbox::tool_text {
namespace {

constexpr PairMarks kParameter = {"\n<arg_key>", "</arg_key>\n<arg_value>", "</arg_value>"};

std::string glm4_moe_call(const Call& call) { return "\n<tool_call>" + call.name + parameters_text(call, kParameter); }

}  // namespace

std::string glm4_moe_tools(const Json& tools, const std::tm&) {
  if (!has_tools(tools)) return {};
  return signatures_text(tools) +
         "\n\nFor each function call, output the function name and arguments within the following XML "
         "format:\n<tool_call>{function-name}\n<arg_key>{arg-key-1}</arg_key>\n<arg_value>{arg-value-1}</arg_value>\n"
         "<arg_key>{arg-key-2}</arg_key>\n<arg_value>{arg-value-2}</arg_value>\n...\n</tool_call>\n";
}

std::string glm4_moe_calls(const Json& calls) { return lines(read_calls(calls), glm4_moe_call); }

}  // namespace llmbox::tool_text
