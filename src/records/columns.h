// Access to the columns of a row that says, where something is wrong, which row and which column it was.
// `where` is the row's place: RowReader::place() or row_place().
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "records/reader.h"

namespace llmbox {

/// The value of a column. Throws Error naming row and column where it is missing, with the nearest column there is.
const Json& require_column(const Row& row, std::string_view column, std::string_view where);

/// As require_column, and the value must be text, a list, or an integer (text that is one counts).
const std::string& require_string(const Row& row, std::string_view column, std::string_view where);
const Json& require_list(const Row& row, std::string_view column, std::string_view where);
int64_t require_integer(const Row& row, std::string_view column, std::string_view where);

/// Nothing where the column is missing or null. Throws Error where it is there but no text.
std::optional<std::string> optional_string(const Row& row, std::string_view column, std::string_view where);

std::vector<std::string> column_names(const Row& row);

}  // namespace llmbox
