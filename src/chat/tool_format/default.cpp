// "Action: name / Action Input: JSON", the prompt of LLaMA-Factory's paper (Zheng et al. 2024, Table 7).
#include <algorithm>

#include "chat/jinja/text.h"
#include "chat/tool_format/formats.h"
#include "chat/tool_format/given.h"
#include "chat/tool_format/reply_json.h"
#include "chat/tool_format/reply_scan.h"
#include "core/error.h"

namespace llmbox::tool_text {
namespace {

constexpr std::string_view kAction = "Action:", kInput = "Action Input:";

/// Python's truth of object[key]; null where it is false or absent.
const Json* given(const Json& object, const char* key) {
  const auto found = object.find(key);
  const bool is_given = found != object.end() && !found->is_null() && !found->empty() && *found != "";
  return is_given ? &*found : nullptr;
}

std::string choices(const Json& values) {
  std::string out;
  for (const Json& value : values) out += (out.empty() ? "" : ", ") + plain_text(value);
  return out;
}

std::string parameter_line(const std::string& name, const Json& parameter, bool is_required) {
  std::string line = "  - " + name + " (" + python_text(parameter, "type") + (is_required ? ", required" : "") +
                     "): " + python_text(parameter, "description");
  if (const Json* values = given(parameter, "enum")) line += ", should be one of [" + choices(*values) + "]";
  if (const Json* items = given(parameter, "items"); items && items->is_object())
    line += ", where each item should be " + python_text(*items, "type");
  return line + "\n";
}

std::string parameter_lines(const Json& tool) {
  const std::string& name = tool["name"].get_ref<const std::string&>();
  const auto parameters = tool.find("parameters");
  if (parameters == tool.end() || !parameters->is_object() || !parameters->contains("properties"))
    fail("tools", "expected 'parameters' with 'properties' in the tool '{}', got none; try empty properties", name);
  const Json required = parameters->value("required", Json::array());
  std::string out;
  for (const auto& [key, parameter] : (*parameters)["properties"].items()) {
    if (!parameter.is_object())
      fail("tools", "expected the parameter '{}' of '{}' as an object, got {}", key, name, dump(parameter));
    out += parameter_line(key, parameter, std::find(required.begin(), required.end(), Json(key)) != required.end());
  }
  return out;
}

std::string default_call(const Call& call) {
  return "Action: " + call.name + "\nAction Input: " + dump(call.arguments);
}

bool is_name_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

struct Heading {
  std::string_view name;
  size_t end;  // past "Action Input:"
};

/// What follows an "Action:" that ends at `at`: the name and "Action Input:".
std::optional<Heading> read_heading(std::string_view text, size_t at) {
  const size_t begin = skip_space(text, at);
  size_t end = begin;
  while (end < text.size() && is_name_character(text[end])) ++end;
  std::string_view name = text.substr(begin, end - begin);
  if (const size_t input = skip_space(text, end); !name.empty() && stands_at(text, input, kInput))
    return Heading{name, input + kInput.size()};
  static constexpr std::string_view kGlued = "Action";  // "fAction Input:" is the call of f
  if (name.size() <= kGlued.size() || !name.ends_with(kGlued) || !stands_at(text, end, " Input:")) return std::nullopt;
  name.remove_suffix(kGlued.size());
  return Heading{name, end + kInput.size() - kGlued.size()};
}

/// The argument text without the quotes or backticks around it.
std::string_view bare_input(std::string_view text) {
  static constexpr std::string_view kQuote = "\"", kTick = "`";
  return jinja::strip(jinja::strip(jinja::strip(text), jinja::Side::both, &kQuote), jinja::Side::both, &kTick);
}

}  // namespace

std::string default_tools(const Json& tools, const std::tm&) {
  if (!has_tools(tools)) return {};
  std::string text, names;
  for (const Json& tool : tools) {
    const std::string name = bare(tool)["name"];
    text += "> Tool Name: " + name + "\nTool Description: " + python_text(bare(tool), "description") +
            "\nTool Args:\n" + parameter_lines(bare(tool)) + "\n";
    names += (names.empty() ? "" : ", ") + name;
  }
  return "You have access to the following tools:\n" + text +
         "Use the following format if using a tool:\n```\nAction: tool name (one of [" + names +
         "])\nAction Input: the input to the tool, in a JSON format representing the kwargs "
         "(e.g. ```{\"input\": \"hello world\", \"num_beams\": 5}```)\n```\n";
}

std::string default_calls(const Json& calls) { return lines(read_calls(calls), default_call); }

std::optional<Json> default_parse(std::string_view output) {
  Json calls = Json::array();
  for (size_t action = output.find(kAction); action != kNone;) {
    const auto heading = read_heading(output, action + kAction.size());
    // The input goes up to the next action, and has at least one character.
    const size_t begin = heading ? skip_space(output, heading->end) : action;
    action = begin < output.size() ? output.find(kAction, begin + 1) : kNone;
    if (!heading || (begin == output.size() && begin == heading->end)) continue;
    auto arguments = read_json(bare_input(output.substr(begin, action == kNone ? kNone : action - begin)));
    if (!arguments) return std::nullopt;
    calls.push_back(make_call(heading->name, std::move(*arguments)));
  }
  if (calls.empty()) return std::nullopt;
  return calls;
}

}  // namespace llmbox::tool_text
