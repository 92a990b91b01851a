#include <algorithm>

#include "core/error.h"
#include "core/near_name.h"
#include "records/formats.h"
#include "records/reader.h"

namespace llmbox {
namespace {

namespace fs = std::filesystem;

const RowFormat& format_named(const std::string& name) {
  std::vector<std::string> names;
  for (const RowFormat& format : row_formats()) {
    if (format.name == name) return format;
    names.emplace_back(format.name);
  }
  fail("records", "expected a row format, got '{}'; try {}", name, near_names(name, names));
}

const RowFormat& format_of_file(const fs::path& path) {
  std::string extension = path.extension().string();
  std::transform(extension.begin(), extension.end(), extension.begin(),
                 [](unsigned char c) { return std::tolower(c); });
  std::vector<std::string> known;
  for (const RowFormat& format : row_formats()) {
    if (std::find(format.extensions.begin(), format.extensions.end(), extension) != format.extensions.end())
      return format;
    known.insert(known.end(), format.extensions.begin(), format.extensions.end());
  }
  fail(path.string(), "expected a data file, got extension '{}'; try {}", extension, quoted_names(known));
}

}  // namespace

std::span<const RowFormat> row_formats() {
  static const RowFormat kFormats[] = {
      {"jsonl", "one JSON object per line", {".jsonl", ".ndjson"}, open_jsonl},
      {"json", "a JSON list of objects, or an object that holds one", {".json"}, open_json},
      {"csv", "comma-separated cells with a header line (RFC 4180)", {".csv"}, open_csv},
      {"tsv", "tab-separated cells with a header line", {".tsv"}, open_tsv},
      {"parquet", "Parquet, nested columns included", {".parquet"}, open_parquet},
      {"arrow", "Arrow IPC, file or stream", {".arrow", ".feather"}, open_arrow},
      {"text", "one row {\"text\"} per line, or for the whole file", {".txt", ".text"}, open_text},
  };
  return kFormats;
}

std::unique_ptr<RowReader> open_rows(const fs::path& path, const RowOptions& options) {
  if (!fs::exists(path)) fail(path.string(), "expected a data file, found none");
  if (fs::is_directory(path)) fail(path.string(), "expected a data file, got a folder");
  if (fs::file_size(path) == 0) fail(path.string(), "expected rows, got an empty file");
  return (options.format.empty() ? format_of_file(path) : format_named(options.format)).open(path, options);
}

std::vector<Row> read_rows(const fs::path& path, const RowOptions& options) {
  return read_rows(*open_rows(path, options));
}

std::vector<Row> read_rows(RowReader& reader) {
  std::vector<Row> rows;
  while (std::optional<Row> row = reader.next()) rows.push_back(std::move(*row));
  return rows;
}

std::string row_place(const fs::path& path, size_t index) { return fmt::format("{} row {}", path.string(), index + 1); }

}  // namespace llmbox
