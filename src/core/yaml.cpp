#include "core/yaml.h"

#include <yaml-cpp/yaml.h>

#include <charconv>
#include <cmath>
#include <limits>

#include "core/error.h"

namespace llmbox {
namespace {

template <class T>
bool parse_whole(std::string_view text, T& value, auto... base) {
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value, base...);
  return code == std::errc() && end == text.data() + text.size();
}

bool is_one_of(std::string_view text, std::initializer_list<std::string_view> words) {
  return std::find(words.begin(), words.end(), text) != words.end();
}

Json json_of(const YAML::Node& node, std::string_view where);

// `<<: *base` or `<<: [*a, *b]`: keys that are not there yet.
void merge_into(Json& object, const Json& merged) {
  if (merged.is_array())
    for (const Json& one : merged) merge_into(object, one);
  if (!merged.is_object()) return;
  for (const auto& [key, value] : merged.items())
    if (!object.contains(key)) object[key] = value;
}

Json json_of_map(const YAML::Node& node, std::string_view where) {
  Json object = Json::object(), merged = Json::array();
  for (const auto& pair : node) {
    if (!pair.first.IsScalar()) {
      const YAML::Mark mark = pair.first.Mark();
      fail(where, "line {}, column {}: expected a word as key, got a list or map", mark.line + 1, mark.column + 1);
    }
    const std::string key = pair.first.Scalar();
    Json value = json_of(pair.second, where);
    if (key == "<<") {
      merged.push_back(std::move(value));
    } else {
      object[key] = std::move(value);
    }
  }
  merge_into(object, merged);
  return object;
}

Json json_of(const YAML::Node& node, std::string_view where) {
  switch (node.Type()) {
    case YAML::NodeType::Scalar:
      // "?" marks a plain scalar, "!" a quoted one; an explicit !!str stays text too.
      return node.Tag() == "?" || node.Tag().empty() ? plain_scalar(node.Scalar()) : Json(node.Scalar());
    case YAML::NodeType::Sequence: {
      Json list = Json::array();
      for (const YAML::Node& item : node) list.push_back(json_of(item, where));
      return list;
    }
    case YAML::NodeType::Map:
      return json_of_map(node, where);
    default:
      return nullptr;
  }
}

}  // namespace

Json plain_scalar(std::string_view text) {
  if (is_one_of(text, {"", "~", "null", "Null", "NULL"})) return nullptr;
  if (is_one_of(text, {"true", "True", "TRUE"})) return true;
  if (is_one_of(text, {"false", "False", "FALSE"})) return false;
  if (is_one_of(text, {".nan", ".NaN", ".NAN"})) return std::numeric_limits<double>::quiet_NaN();
  const bool negative = text[0] == '-';
  std::string_view digits = text[0] == '+' || negative ? text.substr(1) : text;
  if (is_one_of(digits, {".inf", ".Inf", ".INF"})) return (negative ? -1 : 1) * std::numeric_limits<double>::infinity();
  if (digits.empty() || !(std::isdigit(static_cast<unsigned char>(digits[0])) || digits[0] == '.'))
    return std::string(text);
  int64_t integer = 0;
  if (digits.starts_with("0x") && parse_whole(digits.substr(2), integer, 16)) return negative ? -integer : integer;
  const std::string_view number = text[0] == '+' ? digits : text;
  if (parse_whole(number, integer)) return integer;
  double real = 0;
  if (parse_whole(number, real)) return real;
  return std::string(text);
}

Json yaml_to_json(std::string_view text, std::string_view where) {
  try {
    return json_of(YAML::Load(std::string(text)), where);
  } catch (const YAML::Exception& error) {
    fail(where, "line {}, column {}: expected valid YAML, got {}", error.mark.line + 1, error.mark.column + 1,
         error.msg);
  }
}

Json read_yaml_file(const std::filesystem::path& path) { return yaml_to_json(read_text_file(path), path.string()); }

}  // namespace llmbox
