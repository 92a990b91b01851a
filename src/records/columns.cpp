#include "records/columns.h"

#include <charconv>

#include "core/error.h"
#include "core/near_name.h"

namespace llmbox {
namespace {

std::string shown(const Json& value) {
  std::string text = value.dump(-1, ' ', false, Json::error_handler_t::replace);
  if (text.size() > 60) text.replace(57, text.npos, "...");
  return fmt::format("{} {}", value.type_name(), text);
}

[[noreturn]] void fail_with_type(std::string_view where, std::string_view column, const char* expected,
                                 const Json& value) {
  fail(where, "expected {} in column '{}', got {}", expected, column, shown(value));
}

}  // namespace

const Json& require_column(const Row& row, std::string_view column, std::string_view where) {
  if (!row.is_object()) fail(where, "expected a row with column '{}', got {}", column, shown(row));
  if (const auto found = row.find(std::string(column)); found != row.end()) return *found;
  const std::vector<std::string> names = column_names(row);
  if (names.empty()) fail(where, "expected column '{}', got a row without columns", column);
  fail(where, "expected column '{}', got columns {}; try '{}'", column, quoted_names(names, "and"),
       nearest_name(column, names));
}

const std::string& require_string(const Row& row, std::string_view column, std::string_view where) {
  const Json& value = require_column(row, column, where);
  if (!value.is_string()) fail_with_type(where, column, "text", value);
  return value.get_ref<const std::string&>();
}

const Json& require_list(const Row& row, std::string_view column, std::string_view where) {
  const Json& value = require_column(row, column, where);
  if (!value.is_array()) fail_with_type(where, column, "a list", value);
  return value;
}

int64_t require_integer(const Row& row, std::string_view column, std::string_view where) {
  const Json& value = require_column(row, column, where);
  if (value.is_number_integer()) return value.get<int64_t>();
  int64_t integer = 0;
  if (!value.is_string()) fail_with_type(where, column, "an integer", value);
  const std::string& text = value.get_ref<const std::string&>();
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), integer);
  if (code != std::errc() || end != text.data() + text.size()) fail_with_type(where, column, "an integer", value);
  return integer;
}

std::optional<std::string> optional_string(const Row& row, std::string_view column, std::string_view where) {
  const auto found = row.find(std::string(column));
  if (found == row.end() || found->is_null()) return std::nullopt;
  if (!found->is_string()) fail_with_type(where, column, "text", *found);
  return found->get<std::string>();
}

std::vector<std::string> column_names(const Row& row) {
  std::vector<std::string> names;
  for (const auto& [name, _] : row.items()) names.push_back(name);
  return names;
}

}  // namespace llmbox
