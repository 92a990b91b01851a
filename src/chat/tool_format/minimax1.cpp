// MiniMax-M1: one JSON object a line within <tool_calls>; lines that are no JSON are passed over.
#include "chat/jinja/text.h"
#include "chat/tool_format/formats.h"
#include "chat/tool_format/given.h"
#include "chat/tool_format/reply_json.h"
#include "chat/tool_format/reply_scan.h"

namespace llmbox::tool_text {

std::string minimax1_tools(const Json& tools, const std::tm&) {
  if (!has_tools(tools)) return {};
  std::string text = "You are provided with these tools:\n<tools>\n";
  for (const Json& tool : tools) text += dump(bare(tool)) + "\n";
  return text +
         "</tools>\n\nIf you need to call tools, please respond with <tool_calls></tool_calls> XML tags, and provide "
         "tool-name and json-object of arguments, following the format below:\n<tool_calls>\n"
         "{\"name\": <tool-name-1>, \"arguments\": <args-json-object-1>}\n...\n</tool_calls>";
}

std::string minimax1_calls(const Json& calls) {
  std::string text = "<tool_calls>";
  const Json objects = call_objects(read_calls(calls), "arguments");
  for (const Json& call : objects) text += "\n" + dump(call);
  return text + (objects.empty() ? "\n\n" : "\n") + "</tool_calls>";
}

std::optional<Json> minimax1_parse(std::string_view output) {
  const auto block = enclosed(output, "<tool_calls>", "</tool_calls>");
  if (!block) return std::nullopt;
  Json calls = Json::array();
  for (size_t begin = 0; begin <= block->size();) {
    const size_t end = std::min(block->find('\n', begin), block->size());
    if (auto object = read_json(jinja::strip(block->substr(begin, end - begin)))) {
      auto call = take_call(std::move(*object), "arguments");
      if (!call) return std::nullopt;
      calls.push_back(std::move(*call));
    }
    begin = end + 1;
  }
  return calls;
}

}  // namespace llmbox::tool_text
