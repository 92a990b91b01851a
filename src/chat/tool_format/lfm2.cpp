// LFM 2: calls as Python writes them, f(key="text", other=[1, 2]). Strings are written without escapes, as
// LLaMA-Factory does, so one with a quote in it cannot be read back.
#include <fmt/format.h>

#include "chat/tool_format/formats.h"
#include "chat/tool_format/given.h"
#include "chat/tool_format/python_call.h"

namespace llmbox::tool_text {
namespace {

constexpr std::string_view kListOpen = "<|tool_call_start|>", kListClose = "<|tool_call_end|>";

std::string lfm2_call(const Call& call) {
  std::string arguments;
  for (const auto& [key, value] : named_arguments(call).items()) {
    arguments += (arguments.empty() ? "" : ", ") + key + "=";
    arguments += value.is_string() ? "\"" + value.get<std::string>() + "\"" : dump(value);
  }
  return call.name + "(" + arguments + ")";
}

}  // namespace

std::string lfm2_tools(const Json& tools, const std::tm&) {
  if (!has_tools(tools)) return {};
  return "List of tools: <|tool_list_start|>" + dump(all_bare(tools)) + "<|tool_list_end|>";
}

std::string lfm2_calls(const Json& calls) {
  std::string text;
  for (const Call& call : read_calls(calls)) text += (text.empty() ? "" : ", ") + lfm2_call(call);
  return fmt::format("{}[{}]{}", kListOpen, text, kListClose);
}

std::optional<Json> lfm2_parse(std::string_view output) {
  const size_t open = output.find(kListOpen);
  if (open == output.npos) return std::nullopt;
  const size_t begin = open + kListOpen.size(), close = output.find(kListClose, begin);
  if (close == output.npos) return std::nullopt;
  return read_python_calls(output.substr(begin, close - begin));
}

}  // namespace llmbox::tool_text
