#include "core/fields.h"

#include <algorithm>
#include <cmath>

#include "core/near_name.h"
#include "core/yaml.h"

namespace llmbox {
namespace {

std::string_view trimmed(std::string_view text) {
  const size_t begin = text.find_first_not_of(" \t");
  if (begin == text.npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

std::vector<std::string> split_at_commas(std::string_view text) {
  std::vector<std::string> parts;
  for (size_t begin = 0; begin <= text.size();) {
    const size_t end = std::min(text.find(',', begin), text.size());
    if (const std::string_view part = trimmed(text.substr(begin, end - begin)); !part.empty()) parts.emplace_back(part);
    begin = end + 1;
  }
  return parts;
}

std::string as_key(std::string_view word) {
  std::string key(word);
  std::replace(key.begin(), key.end(), '-', '_');
  return key;
}

const Field& known_field(const FieldTable& table, std::string_view key, std::string_view where) {
  const Field* field = table.find(key);
  if (field == nullptr) field = table.find(as_key(key));
  if (field == nullptr) fail(where, "expected a known key, got '{}'; try {}", key, near_names(key, table.keys()));
  return *field;
}

void set_field(const Field& field, const Json& value, std::string_view where) {
  if (field.read(value)) return;
  const std::string got = value.is_string() ? "'" + value.get<std::string>() + "'" : value.dump();
  if (field.choices.empty()) fail(where, "expected {} for '{}', got {}", field.expects, field.key, got);
  fail(where, "expected {} for '{}', got {}; try {}", quoted_names(field.choices), field.key, got,
       near_names(value.is_string() ? value.get<std::string>() : got, field.choices, 1));
}

// A word of the command line as the kind of its field: text is taken as it is, the rest as in YAML.
Json parse_word(const Field& field, std::string_view text, std::string_view where) {
  const bool is_null = text == "null";
  switch (field.kind) {
    case Field::Kind::kText:
      return is_null ? Json(nullptr) : Json(std::string(text));
    case Field::Kind::kList:
      return text.starts_with('[') || is_null ? yaml_to_json(text, where) : Json(split_at_commas(text));
    case Field::Kind::kTree:
      return yaml_to_json(text, where);
    default:
      return plain_scalar(trimmed(text));
  }
}

// A word of a list as a number, where it is one.
template <class T>
bool read_numbers(const Json& value, std::vector<T>& member) {
  Json list = value;
  if (value.is_string()) list = split_at_commas(value.get<std::string>());
  if (!list.is_array()) list = Json::array({list});
  std::vector<T> numbers;
  for (const Json& item : list) {
    T number{};
    if (!read_field(item.is_string() ? plain_scalar(item.get<std::string>()) : item, number)) return false;
    numbers.push_back(number);
  }
  member = std::move(numbers);
  return true;
}

bool is_flag_word(const std::string& word) {
  if (word.size() < 2 || word[0] != '-') return false;
  return !plain_scalar(word).is_number();  // "-1" is a value
}

// "--no_flag" for a bool that has no field "no_flag".
const Field* negated_flag(const FieldTable& table, const std::string& key) {
  if (!key.starts_with("no_") || table.find(key) != nullptr) return nullptr;
  const Field* field = table.find(key.substr(3));
  return field != nullptr && field->kind == Field::Kind::kFlag ? field : nullptr;
}

// The value words after "--key": none for a bool without true/false, all up to the next flag for a list.
Json words_after_flag(const Field& field, const std::vector<std::string>& args, size_t& next) {
  const bool has_word = next < args.size() && !is_flag_word(args[next]);
  bool is_truth = false;
  if (field.kind == Field::Kind::kFlag) {
    is_truth = has_word && read_field(plain_scalar(args[next]), is_truth);
    if (!is_truth) return true;
  }
  if (!has_word)
    fail("command line", "expected {} after '--{}', got nothing", field.expects.empty() ? "a choice" : field.expects,
         field.key);
  Json value = parse_word(field, args[next++], "command line");
  if (field.kind != Field::Kind::kList || !value.is_array()) return value;
  for (; next < args.size() && !is_flag_word(args[next]); ++next)
    for (const Json& item : parse_word(field, args[next], "command line")) value.push_back(item);
  return value;
}

std::string type_text(const Field& field) {
  if (field.choices.empty()) return field.expects;
  std::string text;
  for (const std::string& choice : field.choices) text += (text.empty() ? "" : " | ") + choice;
  return text;
}

}  // namespace

void FieldTable::add(Field field) {
  CHECK(find(field.key) == nullptr, "field '{}' is listed twice", field.key);
  fields_.push_back(std::move(field));
}

void FieldTable::alias(std::string_view key, std::string_view other) {
  const auto field = std::find_if(fields_.begin(), fields_.end(), [&](const Field& f) { return f.key == key; });
  CHECK(field != fields_.end() && find(other) == nullptr, "alias '{}' of '{}'", other, key);
  field->aliases.emplace_back(other);
}

const Field* FieldTable::find(std::string_view key) const {
  for (const Field& field : fields_)
    if (field.key == key || std::find(field.aliases.begin(), field.aliases.end(), key) != field.aliases.end())
      return &field;
  return nullptr;
}

std::vector<std::string> FieldTable::keys() const {
  std::vector<std::string> keys;
  for (const Field& field : fields_) keys.push_back(field.key);
  return keys;
}

void load_field_values(const FieldTable& table, const Json& object, std::string_view where) {
  if (object.is_null()) return;
  if (!object.is_object()) fail(where, "expected keys and values, got {}", object.type_name());
  for (const auto& [key, value] : object.items()) set_field(known_field(table, key, where), value, where);
}

void apply_field_override(const FieldTable& table, std::string_view assignment, std::string_view where) {
  const size_t equals = assignment.find('=');
  if (equals == assignment.npos || equals == 0) fail(where, "expected key=value, got '{}'", assignment);
  const Field& field = known_field(table, trimmed(assignment.substr(0, equals)), where);
  set_field(field, parse_word(field, assignment.substr(equals + 1), where), where);
}

std::vector<std::string> apply_field_args(const FieldTable& table, const std::vector<std::string>& args) {
  constexpr std::string_view kWhere = "command line";
  std::vector<std::string> rest;
  for (size_t i = 0; i < args.size();) {
    const std::string& word = args[i++];
    const size_t equals = word.find('=');
    if (!is_flag_word(word)) {
      // A path may hold '=': only what starts with a known key's form is an override.
      const bool is_override = equals != word.npos && equals > 0 && word.find_first_of("/. ") > equals;
      if (is_override) apply_field_override(table, word, kWhere);
      if (!is_override) rest.push_back(word);
      continue;
    }
    const std::string_view body = std::string_view(word).substr(word.starts_with("--") ? 2 : 1);
    if (equals != word.npos) {
      apply_field_override(table, body, kWhere);
    } else if (const Field* flag = negated_flag(table, as_key(body))) {
      set_field(*flag, false, kWhere);
    } else {
      const Field& field = known_field(table, body, kWhere);
      set_field(field, words_after_flag(field, args, i), kWhere);
    }
  }
  return rest;
}

std::string field_help(const FieldTable& table) {
  size_t width = 0;
  for (const std::string& key : table.keys()) width = std::max(width, key.size());
  std::string text;
  for (const Field& field : table.all()) {
    const Json value = field.write();
    std::string defaults = value.is_null() ? "" : value.is_string() ? value.get<std::string>() : value.dump();
    if (value.is_array() && value.empty()) defaults.clear();
    text += fmt::format("  --{:<{}}  {} ({}{})", field.key, width, field.doc, type_text(field),
                        defaults.empty() ? "" : "; default " + defaults);
    for (const std::string& alias : field.aliases) text += (alias.size() == 1 ? "; also -" : "; also --") + alias;
    text += "\n";
  }
  return text;
}

Json dump_field_values(const FieldTable& table) {
  Json object = Json::object();
  for (const Field& field : table.all()) object[field.key] = field.write();
  return object;
}

bool is_config_file(const std::filesystem::path& path) {
  const std::filesystem::path extension = path.extension();
  return extension == ".yaml" || extension == ".yml" || extension == ".json";
}

Json read_config_file(const std::filesystem::path& path) {
  constexpr int kMostBases = 16;
  Json merged = Json::object();
  std::filesystem::path file = path;
  for (int depth = 0;; ++depth) {
    if (depth > kMostBases)
      fail(path.string(), "expected at most {} bases, got more; try removing a circle of 'base:'", kMostBases);
    Json object = read_yaml_file(file);
    if (object.is_null()) object = Json::object();
    if (!object.is_object()) fail(file.string(), "expected keys and values, got {}", object.type_name());
    const Json base = object.contains("base") ? object["base"] : Json(nullptr);
    object.erase("base");
    for (const auto& [key, value] : merged.items()) object[key] = value;
    merged = std::move(object);
    if (base.is_null()) return merged;
    if (!base.is_string()) fail(file.string(), "expected the path of a file for 'base', got {}", base.dump());
    file = file.parent_path() / base.get<std::string>();
  }
}

bool read_field(const Json& value, bool& member) {
  if (value.is_boolean()) return member = value.get<bool>(), true;
  if (value.is_number_integer() && (value == 0 || value == 1)) return member = value == 1, true;
  if (!value.is_string()) return false;
  std::string word = value.get<std::string>();
  std::transform(word.begin(), word.end(), word.begin(), [](unsigned char c) { return std::tolower(c); });
  const bool yes = word == "true" || word == "yes" || word == "on" || word == "1";
  if (!yes && word != "false" && word != "no" && word != "off" && word != "0") return false;
  member = yes;
  return true;
}

bool read_field(const Json& value, int64_t& member) {
  if (value.is_number_unsigned() && value.get<uint64_t>() > INT64_MAX) return false;
  if (value.is_number_integer()) return member = value.get<int64_t>(), true;
  if (!value.is_number_float()) return false;
  const double real = value.get<double>();  // 1e6 is a whole number too
  if (real != std::floor(real) || std::abs(real) > 0x1p53) return false;
  member = static_cast<int64_t>(real);
  return true;
}

bool read_field(const Json& value, double& member) {
  if (!value.is_number()) return false;
  member = value.get<double>();
  return true;
}

bool read_field(const Json& value, std::string& member) {
  if (value.is_string()) return member = value.get<std::string>(), true;
  if (!value.is_number_integer() && !value.is_boolean()) return false;  // `run_name: 7` was meant as text
  member = value.dump();
  return true;
}

bool read_field(const Json& value, std::vector<std::string>& member) {
  if (value.is_string()) return member = split_at_commas(value.get<std::string>()), true;
  if (!value.is_array()) return false;
  std::vector<std::string> words(value.size());
  for (size_t i = 0; i < words.size(); ++i)
    if (!read_field(value[i], words[i])) return false;
  member = std::move(words);
  return true;
}

bool read_field(const Json& value, std::vector<double>& member) { return read_numbers(value, member); }
bool read_field(const Json& value, std::vector<int64_t>& member) { return read_numbers(value, member); }

}  // namespace llmbox
