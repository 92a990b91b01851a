#include "chat/tool_format/given.h"

#include "chat/jinja/value.h"
#include "core/error.h"

namespace llmbox::tool_text {
namespace {

bool deeper_than(const Json& value, int levels) {
  if (!value.is_structured()) return false;
  if (levels == 0) return true;
  for (const Json& part : value)
    if (deeper_than(part, levels - 1)) return true;
  return false;
}

void refuse_deep(const Json& value, const char* where) {
  if (deeper_than(value, kDeepest)) fail(where, "expected at most {} nested levels, got more", kDeepest);
}

bool has_name(const Json& object) {
  const auto name = object.find("name");
  return name != object.end() && name->is_string();
}

Call read_call(const Json& call) {
  if (!call.is_object() || !has_name(call))
    fail("tool calls", "expected a call as an object with a name, got {}", dump(call));
  const std::string& name = call["name"].get_ref<const std::string&>();
  const auto arguments = call.find("arguments");
  if (arguments == call.end())
    fail("tool calls", "expected 'arguments' in the call of '{}', got none; try an empty object", name);
  return {name, *arguments};
}

}  // namespace

bool has_tools(const Json& tools) {
  if (tools.is_null()) return false;
  if (!tools.is_array()) fail("tools", "expected a list of tools, got a JSON {}", tools.type_name());
  refuse_deep(tools, "tools");
  for (const Json& tool : tools)
    if (!tool.is_object() || !bare(tool).is_object() || !has_name(bare(tool)))
      fail("tools", "expected a tool as an object with a name, got {}", dump(tool));
  return !tools.empty();
}

const Json& bare(const Json& tool) {
  const auto type = tool.find("type"), function = tool.find("function");
  const bool is_wrapped = type != tool.end() && *type == "function" && function != tool.end();
  return is_wrapped ? *function : tool;
}

Json wrapped(const Json& tool) {
  if (const auto type = tool.find("type"); type != tool.end() && *type == "function") return tool;
  Json made;
  made["type"] = "function";
  made["function"] = tool;
  return made;
}

Json all_bare(const Json& tools) {
  Json made = Json::array();
  for (const Json& tool : tools) made.push_back(bare(tool));
  return made;
}

Json all_wrapped(const Json& tools) {
  Json made = Json::array();
  for (const Json& tool : tools) made.push_back(wrapped(tool));
  return made;
}

std::vector<Call> read_calls(const Json& calls) {
  if (!calls.is_structured()) fail("tool calls", "expected a list of calls, got a JSON {}", calls.type_name());
  refuse_deep(calls, "tool calls");
  if (calls.is_object()) return {read_call(calls)};
  std::vector<Call> read;
  for (const Json& call : calls) read.push_back(read_call(call));
  return read;
}

std::string signatures_text(const Json& tools) {
  std::string text =
      "\n\n# Tools\n\nYou may call one or more functions to assist with the user query.\n\n"
      "You are provided with function signatures within <tools></tools> XML tags:\n<tools>";
  for (const Json& tool : tools) text += "\n" + dump(wrapped(tool));
  return text + "\n</tools>";
}

const Json& named_arguments(const Call& call) {
  if (!call.arguments.is_object())
    fail("tool calls", "expected the arguments of '{}' as an object, got {}", call.name, dump(call.arguments));
  return call.arguments;
}

Json call_objects(const std::vector<Call>& calls, const char* key) {
  Json made = Json::array();
  for (const Call& call : calls) {
    Json object;
    object["name"] = call.name;
    object[key] = call.arguments;
    made.push_back(std::move(object));
  }
  return made;
}

std::string lines(const std::vector<Call>& calls, std::string (*text)(const Call&)) {
  std::string out;
  for (size_t i = 0; i < calls.size(); ++i) out += (i ? "\n" : "") + text(calls[i]);
  return out;
}

std::string dump(const Json& value) { return jinja::to_json(jinja::Value::borrow(value), {}); }

std::string indented_dump(const Json& value) {
  return jinja::to_json(jinja::Value::borrow(value), {.indent = "    ", .item_separator = ","});
}

std::string plain_text(const Json& value) { return value.is_string() ? value.get<std::string>() : dump(value); }

std::string python_text(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found == object.end() ? "" : jinja::Value::borrow(*found).text();
}

}  // namespace llmbox::tool_text
