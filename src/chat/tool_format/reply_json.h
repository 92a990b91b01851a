// Reads the JSON in a model's reply, which may be anything: null instead of an exception, linear in the text whatever
// it holds (millions of brackets, a hundred thousand keys), at most kDeepest levels. As in Python, the last of equal
// keys gives the value and the first the place; unlike Python, NaN and Infinity are not JSON.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "core/json.h"

namespace llmbox::tool_text {

/// Collects an object's entries; constant time for each, where Json's own look-up is linear.
class ObjectBuilder {
 public:
  void set(std::string key, Json value);
  /// The object; the builder is empty afterwards.
  Json take();

 private:
  std::vector<std::pair<std::string, Json>> entries_;
  std::unordered_map<std::string, size_t> places_;
};

/// One JSON text, with JSON's white space around it; null for anything else.
std::optional<Json> read_json(std::string_view text);

/// {"name": name, "arguments": arguments}
Json make_call(std::string_view name, Json arguments);
/// The call in {"name": …, `key`: arguments, …}; null where name (a string) or key is missing.
std::optional<Json> take_call(Json object, const char* key);
/// The calls in a text that is one such object or a list of them; null for any other text.
std::optional<Json> read_call_list(std::string_view text, const char* key);

}  // namespace llmbox::tool_text
