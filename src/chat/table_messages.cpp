#include "chat/table_messages.h"

#include "chat/tool_format.h"
#include "chat/tool_format/given.h"
#include "core/error.h"

namespace llmbox {

namespace {

using Words = std::array<std::string_view, 2>;

/// The first stretch from words[0] to the words[1] after it, both included; npos where there is none.
std::pair<size_t, size_t> find_block(std::string_view text, const Words& words, size_t from = 0) {
  const size_t open = text.find(words[0], from);
  if (open == std::string_view::npos) return {open, open};
  const size_t close = text.find(words[1], open + words[0].size());
  if (close == std::string_view::npos) return {close, close};
  return {open, close + words[1].size()};
}

std::string without(const std::string& text, const std::string& block) {
  std::string out;
  size_t at = 0;
  for (size_t found; (found = text.find(block, at)) != std::string::npos; at = found + block.size())
    out.append(text, at, found - at);
  return out.append(text, at);
}

/// The text without its thoughts and the newlines before what is left.
std::string without_thoughts(const std::string& text, const Words& words) {
  std::string out;
  size_t at = 0;
  for (auto [begin, end] = find_block(text, words); begin != std::string::npos;
       std::tie(begin, end) = find_block(text, words, at)) {
    out.append(text, at, begin - at);
    at = end;
  }
  out.append(text, at);
  return out.substr(std::min(out.find_first_not_of('\n'), out.size()));
}

std::string_view stripped(std::string_view word) {
  const size_t begin = word.find_first_not_of(" \n\t"), end = word.find_last_not_of(" \n\t");
  return begin == std::string_view::npos ? std::string_view() : word.substr(begin, end - begin + 1);
}

bool has_thought(std::string_view text, const Words& words) {
  return text.find(stripped(words[0])) != std::string_view::npos ||
         text.find(stripped(words[1])) != std::string_view::npos;
}

Json parse_calls(const std::string& text) {
  Json calls = Json::parse(text, nullptr, false);
  if (calls.is_object()) calls = Json::array({calls});
  if (!calls.is_array()) fail("function message", "expected calls as JSON, got '{}'", text);
  for (Json& call : calls) {
    if (!call.is_object() || !call.contains("name"))
      fail("function message", "expected calls with 'name' and 'arguments', got {}", call.dump());
    if (!call.contains("arguments")) call["arguments"] = Json::object();
  }
  return calls;
}

/// A message of role "function": text around the calls, or a thought before them, and the calls as JSON.
std::string function_text(const TemplateRow& row, const ToolFormat& format, const std::string& content) {
  if (row.has(kSystemInFirstTurn)) return format.calls_text(parse_calls(content));
  const auto [begin, end] = find_block(content, row.call_words);
  if (begin != std::string::npos) {
    const std::string block = content.substr(begin, end - begin);
    const std::string inner =
        block.substr(row.call_words[0].size(), block.size() - row.call_words[0].size() - row.call_words[1].size());
    return without(content, block) + format.calls_text(parse_calls(inner));
  }
  const auto [thought, behind] = find_block(content, row.thought_words);
  if (thought == std::string::npos) return format.calls_text(parse_calls(content));
  const std::string block = content.substr(thought, behind - thought);
  return block + format.calls_text(parse_calls(without(content, block)));
}

/// The functions of Hugging Face's tool_calls.
Json functions_of(const Json& tool_calls) {
  Json calls = Json::array();
  for (const Json& call : tool_calls) {
    const Json& function = call.contains("function") ? call["function"] : call;
    if (!function.is_object() || !function.contains("name"))
      fail("tool_calls", "expected calls with a function's name, got {}", call.dump());
    calls.push_back({{"name", function["name"]}, {"arguments", function.value("arguments", Json::object())}});
  }
  return calls;
}

std::string text_of(const Message& message) {
  if (!message.contains("content") || message["content"].is_null()) return "";
  const Json& content = message["content"];
  if (content.is_string()) return content;
  if (!content.is_array()) return content.dump();
  std::string text;  // parts of a multimodal message: its texts
  for (const Json& part : content) {
    if (!part.is_object() || !part.contains("text") || !part["text"].is_string())
      fail("messages", "expected parts with text, got {}; try the text alone", part.dump());
    text += part["text"].get<std::string>();
  }
  return text;
}

bool is_reply(const Message& message) { return message["role"] == "assistant" || message["role"] == "function"; }

/// One message as turns.jinja reads it; `text`: its content with the thoughts that stay.
Json rendered_message(const TemplateRow& row, const ToolFormat& format, const Message& message, std::string text) {
  const std::string role = message["role"];
  const bool calls =
      message.contains("tool_calls") && message["tool_calls"].is_array() && !message["tool_calls"].empty();
  if (role == "function") text = function_text(row, format, text);
  if (role == "assistant" && calls) text += format.calls_text(functions_of(message["tool_calls"]));
  const char* name = is_reply(message) ? "assistant" : role == "tool" || role == "observation" ? "tool" : "user";
  if (std::string_view(name) == "user" && role != "user")
    fail("messages", "expected a role user, assistant, tool, function or observation, got '{}'", role);
  return {{"role", name},
          {"content", text},
          {"is_call", role == "function" || (role == "assistant" && calls)},
          {"thought", nullptr}};
}

bool keeps_thoughts(const TableOptions& options, bool last) {
  if (options.enable_thinking == TableOptions::Thinking::off)
    return options.every_turn ? false : !last && options.preserve_thinking;
  if (last || options.preserve_thinking) return true;
  return options.every_turn && !options.discard_history;
}

std::string role_of(const Message& message) {
  if (!message.is_object() || !message.contains("role") || !message["role"].is_string())
    fail("messages", "expected objects with a role, got {}", message.dump());
  return message["role"];
}

std::string describe_tools(const ToolFormat& format, const Json& tools, const std::tm& today) {
  return tools.is_array() && !tools.empty() ? format.tools_text(tools, today) : "";
}

}  // namespace

TableOptions TableOptions::from(const Json& variables) {
  TableOptions options;
  if (!variables.is_object()) return options;
  if (variables.contains("enable_thinking")) {
    const Json& wish = variables["enable_thinking"];
    options.enable_thinking = wish.is_null()               ? Thinking::unset
                              : wish.is_boolean() && !wish ? Thinking::off
                                                           : Thinking::on;
  }
  options.preserve_thinking = variables.value("preserve_thinking", Json()) == true;
  options.discard_history = variables.value("discard_history", Json()) == true;
  if (variables.contains("tool_format") && variables["tool_format"].is_string())
    options.tool_format = variables["tool_format"];
  options.has_default_system = variables.contains("default_system") && variables["default_system"].is_string();
  if (options.has_default_system) options.default_system = variables["default_system"];
  return options;
}

Json table_context(const TemplateRow& row, const Messages& messages, const Json& tools, const TableOptions& options,
                   const std::tm& today) {
  const ToolFormat& format = tool_format(options.tool_format.empty() ? row.tool_format : options.tool_format);
  const bool has_system = !messages.empty() && role_of(messages[0]) == "system";
  size_t last = messages.size();
  for (size_t i = 0; i < messages.size(); ++i)
    if (role_of(messages[i]), is_reply(messages[i])) last = i;
  const bool thinks = options.enable_thinking == TableOptions::Thinking::on;
  Json turns = Json::array();
  for (size_t i = has_system ? 1 : 0; i < messages.size(); ++i) {
    const bool reasons = row.has(kReasoning) && is_reply(messages[i]);
    const bool at_end = i == last && (options.every_turn || i + 1 == messages.size());
    std::string text = text_of(messages[i]);
    if (reasons && !keeps_thoughts(options, at_end)) text = without_thoughts(text, row.thought_words);
    const bool wants_thought = reasons && !has_thought(text, row.thought_words) &&
                               (at_end || (options.every_turn && !options.discard_history));
    turns.push_back(rendered_message(row, format, messages[i], std::move(text)));
    if (wants_thought) turns.back()["thought"] = thinks ? "reply" : "prompt";
  }
  const std::string empty_thought = row.has(kShortEmptyThought)
                                        ? std::string(row.thought_words[1])
                                        : std::string(row.thought_words[0]) + std::string(row.thought_words[1]);
  Json context = {{"messages", std::move(turns)},
                  {"given_system", has_system ? text_of(messages[0]) : ""},
                  {"tools_text", describe_tools(format, tools, today)},
                  {"tools_json", tools.is_array() ? tool_text::dump(tools) : ""},
                  {"efficient_eos", row.has(kEfficientEos)},
                  {"bare_tools", row.has(kBareTools)},
                  {"system_in_first_turn", row.has(kSystemInFirstTurn)},
                  {"empty_thought", empty_thought},
                  {"thought_at_end", row.has(kReasoning) && !thinks}};
  if (options.has_default_system) context["other_default_system"] = options.default_system;
  if (!options.tool_format.empty()) context["other_tool_format"] = true;
  return context;
}

}  // namespace llmbox
