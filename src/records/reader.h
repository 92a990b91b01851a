// Rows of a data file, one JSON object each, keys in the file's order of columns. open_rows() streams, read_rows()
// takes all. Formats are rows of records/format_table.cpp; text must be UTF-8. A fault is an Error that names file and
// place. A reader belongs to one thread.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/json.h"

namespace llmbox {

using Row = Json;

class RowReader {
 public:
  virtual ~RowReader() = default;
  /// The next row; nothing at the end.
  virtual std::optional<Row> next() = 0;
  /// Where the row that next() gave last stands: "train.jsonl line 12". For error lines.
  virtual std::string place() const = 0;
};

struct RowOptions {
  std::string format = {};                // a name of the format table; empty: by the file's extension
  std::vector<std::string> columns = {};  // csv, tsv: the columns of a file without a header line; empty: it has one
  std::string list_key = {};              // json: the key whose list holds the rows; empty: the only list
  bool whole_file = false;                // text: one row for the file, not one per line
};

/// One way of storing rows.
struct RowFormat {
  const char* name;
  const char* summary;
  std::vector<std::string> extensions;
  std::unique_ptr<RowReader> (*open)(const std::filesystem::path& path, const RowOptions& options);
};
std::span<const RowFormat> row_formats();

/// Throws Error where the file is missing or empty, or its format is not known.
std::unique_ptr<RowReader> open_rows(const std::filesystem::path& path, const RowOptions& options = {});

std::vector<Row> read_rows(const std::filesystem::path& path, const RowOptions& options = {});
std::vector<Row> read_rows(RowReader& reader);

/// The place of a row of read_rows(): "train.json row 3", counted from 1.
std::string row_place(const std::filesystem::path& path, size_t index);

}  // namespace llmbox
