// Seed-OSS: <function=… with one <parameter=…> a line. LLaMA-Factory leaves out the ">" after the function's name and
// takes one that is there for a part of the name; both are kept.
#include "chat/tool_format/formats.h"
#include "chat/tool_format/parameters.h"
#include "chat/tool_format/reply_json.h"

namespace llmbox::tool_text {
namespace {

constexpr PairMarks kSeedWritten = {"\n<parameter=", ">", "</parameter>"};
constexpr PairMarks kSeedRead = {"<parameter=", ">", "</parameter>"};
constexpr FunctionMarks kSeedCall = {"<seed:tool_call>", "</seed:tool_call>", "<"};

std::string seed_oss_call(const Call& call) {
  return "\n<seed:tool_call>\n<function=" + call.name + parameters_text(call, kSeedWritten) +
         "\n</function>\n</seed:tool_call>";
}

}  // namespace

std::string seed_oss_tools(const Json& tools, const std::tm&) {
  if (!has_tools(tools)) return {};
  return "system\nYou are Doubao, a helpful AI assistant. You may call one or more functions to assist with the user "
         "query.Tool List:\nYou are authorized to use the following tools (described in JSON Schema format). Before "
         "performing any task, you must decide how to call them based on the descriptions and parameters of these "
         "tools.\n" +
         dump(tools) +
         "\n工具调用请遵循如下格式:\n<seed:tool_call>\n<function=example_function_name>\n"
         "<parameter=example_parameter_1>value_1</parameter>\n<parameter=example_parameter_2>This is the value for the "
         "second parameter\nthat can span\nmultiple lines</parameter>\n</function>\n</seed:tool_call>\n";
}

std::string seed_oss_calls(const Json& calls) { return lines(read_calls(calls), seed_oss_call); }

std::optional<Json> seed_oss_parse(std::string_view output) {
  Json calls = Json::array();
  while (const auto function = next_function(output, kSeedCall))
    calls.push_back(make_call(function->key, read_parameters(function->value, kSeedRead, Blanks::kept)));
  if (calls.empty()) return std::nullopt;
  return calls;
}

}  // namespace llmbox::tool_text
