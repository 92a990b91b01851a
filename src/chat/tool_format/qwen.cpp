// Qwen 2.5 and 3: each call as JSON in <tool_call>, text allowed before the calls but not after them.
#include "chat/jinja/text.h"
#include "chat/tool_format/formats.h"
#include "chat/tool_format/given.h"
#include "chat/tool_format/reply_json.h"
#include "chat/tool_format/reply_scan.h"

namespace llmbox::tool_text {
namespace {

constexpr std::string_view kOpen = "<tool_call>", kClose = "</tool_call>";

/// The next </tool_call> at or after `from` that ends the text or stands before another call.
size_t find_last_close(std::string_view text, size_t from) {
  for (size_t close = text.find(kClose, from); close != kNone; close = text.find(kClose, close + 1)) {
    const size_t next = skip_space(text, close + kClose.size());
    if (next == text.size() || stands_at(text, next, kOpen)) return close;
  }
  return kNone;
}

}  // namespace

std::string qwen_tools(const Json& tools, const std::tm&) {
  if (!has_tools(tools)) return {};
  return signatures_text(tools) +
         "\n\nFor each function call, return a json object with function name and arguments within "
         "<tool_call></tool_call> XML tags:\n<tool_call>\n{\"name\": <function-name>, \"arguments\": "
         "<args-json-object>}\n</tool_call>";
}

std::string qwen_calls(const Json& calls) {
  std::string out;
  for (const Json& call : call_objects(read_calls(calls), "arguments"))
    out += (out.empty() ? "" : "\n") + ("<tool_call>\n" + dump(call)) + "\n</tool_call>";
  return out;
}

std::optional<Json> qwen_parse(std::string_view output) {
  Json calls = Json::array();
  for (size_t open = output.find(kOpen); open != kNone;) {
    const size_t begin = open + kOpen.size(), close = find_last_close(output, begin + 1);
    if (close == kNone) break;
    auto object = read_json(jinja::strip(output.substr(begin, close - begin)));
    auto call = object ? take_call(std::move(*object), "arguments") : std::nullopt;
    if (!call) return std::nullopt;
    calls.push_back(std::move(*call));
    open = output.find(kOpen, close + kClose.size());
  }
  if (calls.empty()) return std::nullopt;
  return calls;
}

}  // namespace llmbox::tool_text
