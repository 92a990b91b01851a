// Configuration as plain structs. A struct lists its fields once,
//   template <class V> void fields(V& v) { v("lr", lr, "peak rate, per step"); v.choice("mix", mix, {"a", "b"}, "how");
//   }
// and has defaults (its initialisers), reading from YAML and JSON, overrides from the command line, help and dump.
// An unknown key is an Error that names the nearest; a wrong type one that names key, expected type and value.
// A nested struct shares the flat key space: call nested.fields(v) inside fields(). null keeps the default.
#pragma once

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "core/error.h"
#include "core/json.h"

namespace llmbox {

/// How a type of member is read and written: false from read() means that the value has another type.
template <class T>
struct FieldType;

/// What the tables know of one member, its type erased. Lives no longer than the struct.
struct Field {
  enum class Kind { kFlag, kNumber, kText, kList, kTree };
  std::string key, doc, expects;
  Kind kind = Kind::kText;
  std::vector<std::string> choices;  // empty: any value
  std::vector<std::string> aliases;
  std::function<bool(const Json&)> read;
  std::function<Json()> write;
};

/// The visitor that fields() is called with.
class FieldTable {
 public:
  template <class T>
  void operator()(std::string_view key, T& member, std::string_view doc) {
    add({std::string(key),
         std::string(doc),
         FieldType<T>::expects(),
         FieldType<T>::kKind,
         {},
         {},
         [&member](const Json& value) { return FieldType<T>::read(value, member); },
         [&member] { return FieldType<T>::write(member); }});
  }

  /// One of `choices`: a string, optional string, or an enum class whose values are 0, 1, … in the order of the
  /// choices.
  template <class T>
  void choice(std::string_view key, T& member, std::vector<std::string> choices, std::string_view doc);

  /// Another name for a key that was listed: alias("lora_rank", "r"). One letter is also a short flag: "-r 8".
  void alias(std::string_view key, std::string_view other);

  const std::vector<Field>& all() const { return fields_; }
  const Field* find(std::string_view key) const;
  std::vector<std::string> keys() const;

 private:
  void add(Field field);
  std::vector<Field> fields_;
};

void load_field_values(const FieldTable& table, const Json& object, std::string_view where);
void apply_field_override(const FieldTable& table, std::string_view assignment, std::string_view where);
std::vector<std::string> apply_field_args(const FieldTable& table, const std::vector<std::string>& args);
std::string field_help(const FieldTable& table);
Json dump_field_values(const FieldTable& table);
/// The object of a YAML file; its `base: other.yaml` (beside it) is read first, its own keys then count.
Json read_config_file(const std::filesystem::path& path);
/// Whether a command's word names such a file: .yaml, .yml or .json.
bool is_config_file(const std::filesystem::path& path);

template <class C>
FieldTable field_table(C& config) {
  FieldTable table;
  config.fields(table);
  return table;
}

/// Sets the members that `object` names. `where` opens the error lines.
template <class C>
void load_fields(C& config, const Json& object, std::string_view where) {
  load_field_values(field_table(config), object, where);
}

template <class C>
void load_yaml_file(C& config, const std::filesystem::path& path) {
  load_fields(config, read_config_file(path), path.string());
}

/// "key=value", the value as in YAML; lists as "a,b" or "[a, b]".
template <class C>
void apply_override(C& config, std::string_view assignment, std::string_view where = "command line") {
  apply_field_override(field_table(config), assignment, where);
}

/// `key=value`, `--key=value`, `--key value` (lists take every word up to the next that starts with '-'), and bare
/// `--flag` / `--no_flag` for bools; '-' in a key reads as '_'. Returns the words that are none of these, in their
/// order.
template <class C>
std::vector<std::string> apply_args(C& config, const std::vector<std::string>& args) {
  return apply_field_args(field_table(config), args);
}

/// One line per field: key, type or choices, default, doc. The defaults are the values in `config`.
template <class C>
std::string help_text(const C& config) {
  C copy = config;
  return field_help(field_table(copy));
}

/// Every field with its value, in order: the resolved config.
template <class C>
Json dump_fields(const C& config) {
  C copy = config;
  return dump_field_values(field_table(copy));
}

// ---- types of members

bool read_field(const Json& value, bool& member);
bool read_field(const Json& value, int64_t& member);
bool read_field(const Json& value, double& member);
bool read_field(const Json& value, std::string& member);
bool read_field(const Json& value, std::vector<std::string>& member);
bool read_field(const Json& value, std::vector<double>& member);
bool read_field(const Json& value, std::vector<int64_t>& member);

template <class T>
struct BasicFieldType {
  static bool read(const Json& value, T& member) { return value.is_null() || read_field(value, member); }
  static Json write(const T& member) { return member; }
};

template <>
struct FieldType<bool> : BasicFieldType<bool> {
  static constexpr Field::Kind kKind = Field::Kind::kFlag;
  static std::string expects() { return "true or false"; }
};
template <>
struct FieldType<int64_t> : BasicFieldType<int64_t> {
  static constexpr Field::Kind kKind = Field::Kind::kNumber;
  static std::string expects() { return "an integer"; }
};
template <class T>
  requires(std::is_integral_v<T> && !std::is_same_v<T, bool> && !std::is_same_v<T, int64_t>)
struct FieldType<T> {
  static constexpr Field::Kind kKind = Field::Kind::kNumber;
  static std::string expects() { return std::is_unsigned_v<T> ? "a non-negative integer" : "an integer"; }
  static bool read(const Json& value, T& member) {
    if (value.is_null()) return true;
    if constexpr (std::is_same_v<T, uint64_t>) {
      if (value.is_number_unsigned()) return member = value.get<uint64_t>(), true;
    }
    int64_t wide = 0;
    if (!read_field(value, wide) || !std::in_range<T>(wide)) return false;
    member = static_cast<T>(wide);
    return true;
  }
  static Json write(T member) { return member; }
};
template <>
struct FieldType<double> : BasicFieldType<double> {
  static constexpr Field::Kind kKind = Field::Kind::kNumber;
  static std::string expects() { return "a number"; }
};
template <>
struct FieldType<float> {
  static constexpr Field::Kind kKind = Field::Kind::kNumber;
  static std::string expects() { return "a number"; }
  static bool read(const Json& value, float& member) {
    double wide = member;
    if (!FieldType<double>::read(value, wide)) return false;
    member = static_cast<float>(wide);
    return true;
  }
  static Json write(float member) { return member; }
};
template <>
struct FieldType<std::string> : BasicFieldType<std::string> {
  static constexpr Field::Kind kKind = Field::Kind::kText;
  static std::string expects() { return "text"; }
};
template <>
struct FieldType<std::vector<std::string>> : BasicFieldType<std::vector<std::string>> {
  static constexpr Field::Kind kKind = Field::Kind::kList;
  static std::string expects() { return "a list of words"; }
};
template <>
struct FieldType<std::vector<double>> : BasicFieldType<std::vector<double>> {
  static constexpr Field::Kind kKind = Field::Kind::kList;
  static std::string expects() { return "a list of numbers"; }
};
template <>
struct FieldType<std::vector<int64_t>> : BasicFieldType<std::vector<int64_t>> {
  static constexpr Field::Kind kKind = Field::Kind::kList;
  static std::string expects() { return "a list of integers"; }
};
/// Any YAML value, kept as it is.
template <>
struct FieldType<Json> {
  static constexpr Field::Kind kKind = Field::Kind::kTree;
  static std::string expects() { return "any value"; }
  static bool read(const Json& value, Json& member) { return member = value, true; }
  static Json write(const Json& member) { return member; }
};
template <>
struct FieldType<std::filesystem::path> {
  static constexpr Field::Kind kKind = Field::Kind::kText;
  static std::string expects() { return "a path"; }
  static bool read(const Json& value, std::filesystem::path& member) {
    std::string text = member.string();
    if (!FieldType<std::string>::read(value, text)) return false;
    member = text;
    return true;
  }
  static Json write(const std::filesystem::path& member) { return member.string(); }
};
/// null empties an optional.
template <class T>
struct FieldType<std::optional<T>> {
  static constexpr Field::Kind kKind = FieldType<T>::kKind;
  static std::string expects() { return FieldType<T>::expects(); }
  static bool read(const Json& value, std::optional<T>& member) {
    if (value.is_null()) return member.reset(), true;
    T inner{};
    if (!FieldType<T>::read(value, inner)) return false;
    member = std::move(inner);
    return true;
  }
  static Json write(const std::optional<T>& member) { return member ? FieldType<T>::write(*member) : Json(nullptr); }
};

template <class T>
void FieldTable::choice(std::string_view key, T& member, std::vector<std::string> choices, std::string_view doc) {
  Field field{std::string(key), std::string(doc), "", Field::Kind::kText, choices, {}, {}, {}};
  if constexpr (std::is_enum_v<T>) {
    field.read = [&member, choices](const Json& value) {
      if (value.is_null()) return true;
      const auto found = std::find(choices.begin(), choices.end(), value.is_string() ? value.get<std::string>() : "");
      if (found != choices.end()) member = static_cast<T>(found - choices.begin());
      return found != choices.end();
    };
    field.write = [&member, choices] { return Json(choices.at(static_cast<size_t>(member))); };
  } else {
    field.read = [&member, choices](const Json& value) {
      const bool known =
          value.is_string() && std::find(choices.begin(), choices.end(), value.get<std::string>()) != choices.end();
      return (value.is_null() || known) && FieldType<T>::read(value, member);
    };
    field.write = [&member] { return FieldType<T>::write(member); };
  }
  add(std::move(field));
}

}  // namespace llmbox
