#include "chat/tool_format/python_call.h"

#include "chat/jinja/text.h"
#include "chat/tool_format/given.h"
#include "chat/tool_format/python_literal.h"
#include "chat/tool_format/reply_json.h"

namespace llmbox::tool_text {
namespace {

/// The names that stand for values only where an argument is nothing else.
std::optional<Json> json_word(std::string_view word) {
  if (word == "true") return Json(true);
  if (word == "false") return Json(false);
  if (word == "null") return Json(nullptr);
  return std::nullopt;
}

class CallReader {
 public:
  explicit CallReader(std::string_view text) : literals_(text) {}

  std::optional<Json> read() {
    Json calls = Json::array();
    const bool is_list = literals_.take('[');
    do {
      if (is_list && literals_.sees(']')) break;
      auto call = read_call();
      if (!call) return std::nullopt;
      calls.push_back(std::move(*call));
    } while (is_list && literals_.take(','));
    if ((is_list && !literals_.take(']')) || !literals_.at_end() || calls.empty()) return std::nullopt;
    return calls;
  }

 private:
  std::optional<Json> read_call() {
    const std::string_view name = literals_.take_word();
    if (name.empty() || !literals_.take('(')) return std::nullopt;
    ObjectBuilder arguments;
    bool has_keyword = false;
    while (!literals_.take(')')) {
      const std::string_view word = literals_.take_word();
      if (!word.empty() && literals_.take('=')) {
        has_keyword = true;
        auto value = read_value();
        if (!value) return std::nullopt;
        arguments.set(std::string(word), std::move(*value));
      } else if (has_keyword || (word.empty() && !literals_.read())) {
        return std::nullopt;
      }
      if (!literals_.take(',') && !literals_.sees(')')) return std::nullopt;
    }
    return make_call(name, arguments.take());
  }

  std::optional<Json> read_value() {
    const LiteralReader start = literals_;
    if (auto value = json_word(literals_.take_word())) return value;
    literals_ = start;
    return literals_.read();
  }

  LiteralReader literals_;
};

}  // namespace

std::optional<Json> read_python_calls(std::string_view text) { return CallReader(jinja::strip(text)).read(); }

}  // namespace llmbox::tool_text
