// Qwen 3.5 (and Qwen3-Coder): <function=…> with one <parameter=…> a line; values that are no JSON are stripped.
#include "chat/tool_format/formats.h"
#include "chat/tool_format/parameters.h"
#include "chat/tool_format/reply_json.h"

namespace llmbox::tool_text {
namespace {

constexpr PairMarks kQwenWritten = {"\n<parameter=", ">\n", "\n</parameter>"};
constexpr PairMarks kQwenRead = {"<parameter=", ">", "</parameter>"};
constexpr FunctionMarks kQwenCall = {"<tool_call>", "</tool_call>", "<>"};

std::string qwen3_5_call(const Call& call) {
  return "<tool_call>\n<function=" + call.name + ">" + parameters_text(call, kQwenWritten) +
         "\n</function>\n</tool_call>";
}

}  // namespace

std::string qwen3_5_tools(const Json& tools, const std::tm&) {
  if (!has_tools(tools)) return {};
  std::string text = "\n\n# Tools\n\nYou have access to the following functions:\n\n<tools>";
  for (const Json& tool : tools) text += "\n" + dump(bare(tool));
  return text +
         "\n</tools>\n\nIf you choose to call a function ONLY reply in the following format with NO suffix:\n\n"
         "<tool_call>\n<function=example_function_name>\n<parameter=example_parameter_1>\nvalue_1\n</parameter>\n"
         "<parameter=example_parameter_2>\nThis is the value for the second parameter\nthat can span\nmultiple lines\n"
         "</parameter>\n</function>\n</tool_call>\n\n<IMPORTANT>\nReminder:\n- Function calls MUST follow the "
         "specified format: an inner <function=...></function> block must be nested within <tool_call></tool_call> XML "
         "tags\n- Required parameters MUST be specified\n- You may provide optional reasoning for your function call "
         "in natural language BEFORE the function call, but NOT after\n- If there is no function call available, "
         "answer the question like normal with your current knowledge and do not tell the user about function calls\n"
         "</IMPORTANT>";
}

std::string qwen3_5_calls(const Json& calls) { return lines(read_calls(calls), qwen3_5_call); }

std::optional<Json> qwen3_5_parse(std::string_view output) {
  Json calls = Json::array();
  while (const auto function = next_function(output, kQwenCall))
    calls.push_back(make_call(function->key, read_parameters(function->value, kQwenRead, Blanks::stripped)));
  if (calls.empty()) return std::nullopt;
  return calls;
}

}  // namespace llmbox::tool_text
