// GLM-4: a name, a line break, the arguments as JSON; one call at most.
#include "chat/jinja/text.h"
#include "chat/tool_format/formats.h"
#include "chat/tool_format/given.h"
#include "chat/tool_format/reply_json.h"
#include "core/error.h"

namespace llmbox::tool_text {

std::string glm4_tools(const Json& tools, const std::tm&) {
  if (!has_tools(tools)) return {};
  std::string text =
      "你是一个名为 ChatGLM 的人工智能助手。你是基于智谱 AI 公司训练的语言模型 GLM-4 模型开发的，"
      "你的任务是针对用户的问题和要求提供适当的答复和支持。\n\n# 可用工具";
  for (const Json& tool : tools)
    text += "\n\n## " + bare(tool)["name"].get<std::string>() + "\n\n" + indented_dump(bare(tool)) +
            "\n在调用上述函数时，请使用 Json 格式表示调用的参数。";
  return text;
}

std::string glm4_calls(const Json& calls) {
  const std::vector<Call> read = read_calls(calls);
  if (read.size() != 1)
    fail("tool calls", "expected one call, got {}; try one call in a turn: GLM-4 knows no parallel calls", read.size());
  return read[0].name + "\n" + dump(read[0].arguments);
}

std::optional<Json> glm4_parse(std::string_view output) {
  const size_t line_end = output.find('\n');
  if (line_end == output.npos) return std::nullopt;
  auto arguments = read_json(jinja::strip(output.substr(line_end + 1)));
  if (!arguments) return std::nullopt;
  Json calls = Json::array();
  calls.push_back(make_call(output.substr(0, line_end), std::move(*arguments)));
  return calls;
}

}  // namespace llmbox::tool_text
