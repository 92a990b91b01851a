// MiniMax-M2: <invoke name="…"> with one <parameter name="…"> a line. LLaMA-Factory reads calls within
// <minimax:tool_call> and leaves writing that mark to the template; so does this.
#include "chat/jinja/text.h"
#include "chat/tool_format/formats.h"
#include "chat/tool_format/parameters.h"
#include "chat/tool_format/reply_json.h"

namespace llmbox::tool_text {
namespace {

constexpr PairMarks kInvoke = {"<invoke name=\"", "\">", "</invoke>"};
constexpr PairMarks kMinimaxWritten = {"\n<parameter name=\"", "\">", "</parameter>"};
constexpr PairMarks kMinimaxRead = {"<parameter name=\"", "\">", "</parameter>"};

std::string minimax2_call(const Call& call) {
  return "<invoke name=\"" + call.name + "\">" + parameters_text(call, kMinimaxWritten) + "\n</invoke>";
}

}  // namespace

std::string minimax2_tools(const Json& tools, const std::tm&) {
  if (!has_tools(tools)) return {};
  std::string text =
      "\n\n# Tools\n\nYou may call one or more tools to assist with the user query.\n"
      "Here are the tools available in JSONSchema format:\n\n<tools>\n";
  for (const Json& tool : tools) text += "<tool>" + dump(bare(tool)) + "</tool>\n";
  return text +
         "</tools>\n\nWhen making tool calls, use XML format to invoke tools and pass parameters:\n\n"
         "<minimax:tool_call>\n<invoke name=\"tool-name-1\">\n<parameter name=\"param-key-1\">param-value-1</parameter>"
         "\n<parameter name=\"param-key-2\">param-value-2</parameter>\n...\n</invoke>\n</minimax:tool_call>";
}

std::string minimax2_calls(const Json& calls) { return lines(read_calls(calls), minimax2_call); }

std::optional<Json> minimax2_parse(std::string_view output) {
  auto block = enclosed(output, "<minimax:tool_call>", "</minimax:tool_call>");
  if (!block) return std::nullopt;
  Json calls = Json::array();
  while (const auto invoke = next_pair(*block, kInvoke))
    calls.push_back(make_call(jinja::strip(invoke->key), read_parameters(invoke->value, kMinimaxRead, Blanks::kept)));
  return calls;
}

}  // namespace llmbox::tool_text
