// Gemma 4: {key:value} without quotes around keys, <|"|> around strings, keys of calls sorted.
#include <algorithm>

#include "chat/jinja/text.h"
#include "chat/tool_format/formats.h"
#include "chat/tool_format/given.h"
#include "chat/tool_format/reply_json.h"
#include "chat/tool_format/reply_scan.h"

namespace llmbox::tool_text {
namespace {

constexpr std::string_view kQuote = "<|\"|>", kOpen = "<|tool_call>call:", kClose = "}<tool_call|>";

std::string quoted(const std::string& text) { return std::string(kQuote).append(text).append(kQuote); }

/// Parts as {a,b}, the way declarations and calls list them.
std::string listed(const std::vector<std::string>& parts, const char* open, const char* close) {
  std::string out = open;
  for (size_t i = 0; i < parts.size(); ++i) out += (i ? "," : "") + parts[i];
  return out + close;
}

std::string value_text(const Json& value) {
  if (value.is_string()) return quoted(value);
  if (!value.is_structured()) return dump(value);
  std::vector<std::string> parts;
  if (value.is_array()) {
    for (const Json& item : value) parts.push_back(value_text(item));
    return listed(parts, "[", "]");
  }
  std::vector<std::pair<std::string_view, const Json*>> entries;
  for (const auto& [key, entry] : value.get_ref<const Json::object_t&>()) entries.emplace_back(key, &entry);
  std::sort(entries.begin(), entries.end());
  for (const auto& [key, entry] : entries) parts.push_back(std::string(key) + ":" + value_text(*entry));
  return listed(parts, "{", "}");
}

/// A schema's type, or several of them, in capitals.
std::string type_text(const Json& type) {
  if (type.is_string()) return quoted(jinja::to_upper(type.get_ref<const std::string&>()));
  if (!type.is_array()) return value_text(type);
  std::vector<std::string> parts;
  for (const Json& one : type) parts.push_back(one.is_array() ? value_text(one) : type_text(one));
  return listed(parts, "[", "]");
}

void add_description(std::vector<std::string>& parts, const Json& schema) {
  if (schema.contains("description")) parts.push_back("description:" + value_text(schema["description"]));
}

void add_type(std::vector<std::string>& parts, const Json& schema) {
  if (schema.contains("type")) parts.push_back("type:" + type_text(schema["type"]));
}

std::string property_text(const Json& property) {
  std::vector<std::string> parts;
  if (property.is_object()) {
    add_description(parts, property);
    add_type(parts, property);
  }
  return listed(parts, "{", "}");
}

std::string parameters_schema(const Json& schema) {
  std::vector<std::string> parts, properties;
  if (const auto given = schema.find("properties"); given != schema.end() && given->is_object()) {
    for (const auto& [key, property] : given->items()) properties.push_back(key + ":" + property_text(property));
    parts.push_back("properties:" + listed(properties, "{", "}"));
  }
  if (schema.contains("required")) parts.push_back("required:" + value_text(schema["required"]));
  add_type(parts, schema);
  return listed(parts, "{", "}");
}

std::string response_schema(const Json& schema) {
  std::vector<std::string> parts;
  add_description(parts, schema);
  if (schema.contains("type") && type_text(schema["type"]) == quoted("OBJECT")) add_type(parts, schema);
  return listed(parts, "{", "}");
}

std::string declaration(const Json& tool) {
  std::vector<std::string> parts = {"description:" + quoted(python_text(tool, "description"))};
  const auto add = [&](const char* key, std::string (*text)(const Json&)) {
    const auto schema = tool.find(key);
    if (schema != tool.end() && schema->is_object() && !schema->empty())
      parts.push_back(std::string(key) + ":" + text(*schema));
  };
  add("parameters", parameters_schema);
  add("response", response_schema);
  return "declaration:" + tool["name"].get<std::string>() + listed(parts, "{", "}");
}

/// Where the JSON string that begins at `at` ends.
size_t end_of_string(std::string_view text, size_t at) {
  for (++at; at < text.size() && text[at] != '"'; ++at)
    if (text[at] == '\\') ++at;
  return std::min(at + 1, text.size());
}

/// Where the bare word at `at` ends.
size_t end_of_word(std::string_view text, size_t at) {
  static constexpr std::string_view kEnds = "{}[]:,\"< \t\r\n";
  return std::min(text.find_first_of(kEnds, at), text.size());
}

/// The arguments as JSON would write them: strings in quotes, keys too. Null where a string does not end.
std::optional<std::string> json_text(std::string_view text) {
  std::string out;
  bool key_may_follow = true;  // after a brace or comma
  for (size_t at = 0; at < text.size();) {
    size_t end = at + 1;
    if (stands_at(text, at, kQuote)) {
      const size_t begin = at + kQuote.size(), close = text.find(kQuote, begin);
      if (close == kNone) return std::nullopt;
      out += dump(std::string(text.substr(begin, close - begin)));
      end = close + kQuote.size();
    } else if (text[at] == '"') {
      end = end_of_string(text, at);
      out += text.substr(at, end - at);
    } else if (const size_t word = end_of_word(text, at); word > at) {
      end = word;
      const std::string_view token = text.substr(at, end - at);
      const bool is_key = key_may_follow && stands_at(text, skip_space(text, end), ":");
      out += is_key ? dump(std::string(token)) : std::string(token);
    } else {
      out += text[at];
    }
    if (!jinja::is_space(static_cast<unsigned char>(text[at]))) key_may_follow = text[at] == '{' || text[at] == ',';
    at = end;
  }
  return out;
}

/// The arguments between the outermost braces; the text itself where it cannot be read.
Json read_arguments(std::string_view text) {
  if (const auto json = json_text(text)) {
    if (auto object = read_json("{" + *json + "}")) return std::move(*object);
    if (auto value = read_json(*json); value && value->is_structured()) return std::move(*value);
  }
  return text;
}

std::string gemma4_call(const Call& call) {
  const std::string text = call.arguments.is_string() ? call.arguments.get<std::string>() : value_text(call.arguments);
  const std::string arguments = call.arguments.is_object() ? text : "{" + text + "}";
  return "<|tool_call>call:" + call.name + arguments + "<tool_call|>";
}

}  // namespace

std::string gemma4_tools(const Json& tools, const std::tm&) {
  if (!has_tools(tools)) return {};
  std::string text;
  for (const Json& tool : tools) text += (text.empty() ? "" : "\n") + declaration(bare(tool));
  return text;
}

std::string gemma4_calls(const Json& calls) {
  std::string text;
  for (const Call& call : read_calls(calls)) text += gemma4_call(call);
  return text;
}

std::optional<Json> gemma4_parse(std::string_view output) {
  Json calls = Json::array();
  for (size_t open = output.find(kOpen); open != kNone;) {
    const size_t name = open + kOpen.size();
    size_t brace = name;
    for (size_t next = name; brace < output.size() && output[brace] != '{'; brace = next)
      if (jinja::is_space(jinja::next_code_point(output, next))) break;
    size_t end = brace;
    if (brace > name && stands_at(output, brace, "{")) {
      const size_t close = output.find(kClose, brace + 1);
      if (close == kNone) break;
      calls.push_back(
          make_call(output.substr(name, brace - name), read_arguments(output.substr(brace + 1, close - brace - 1))));
      end = close + kClose.size();
    }
    open = output.find(kOpen, end);
  }
  if (calls.empty()) return std::nullopt;
  return calls;
}

}  // namespace llmbox::tool_text
