// A JSON file: a list of objects, or an object that holds such a list ({"data": [...]}), or one of equally long columns
// ({"a": [...], "b": [...]}), or, as several public sets are named, lines of JSON in a .json file.
#include <algorithm>

#include "core/error.h"
#include "core/near_name.h"
#include "records/columns.h"
#include "records/formats.h"

namespace llmbox {
namespace {

class JsonRows : public RowReader {
 public:
  JsonRows(Json list, std::string file) : list_(std::move(list)), file_(std::move(file)) {}

  std::optional<Row> next() override {
    if (at_ == list_.size()) return std::nullopt;
    Row row = std::move(list_[at_++]);
    if (!row.is_object()) fail(place(), "expected a JSON object, got {} {}", row.type_name(), row.dump().substr(0, 40));
    return row;
  }
  std::string place() const override { return fmt::format("{} row {}", file_, at_); }

 private:
  Json list_;
  std::string file_;
  size_t at_ = 0;
};

bool is_list_of_objects(const Json& value) { return value.is_array() && !value.empty() && value.front().is_object(); }

// {"a": [1, 2], "b": [3, 4]} → [{"a": 1, "b": 3}, {"a": 2, "b": 4}]; null where the lists are not equally long.
Json rows_of_columns(const Json& object) {
  Json rows;
  for (const auto& [name, column] : object.items()) {
    if (!column.is_array() || (!rows.is_null() && column.size() != rows.size())) return nullptr;
    if (rows.is_null()) rows = Json::array();
    rows.get_ref<Json::array_t&>().resize(column.size(), Json::object());
    for (size_t i = 0; i < column.size(); ++i) rows[i][name] = column[i];
  }
  return rows;
}

Json list_under_key(Json& object, const std::string& key, const std::string& file) {
  if (!object.contains(key)) fail(file, "expected key '{}', got {}", key, quoted_names(column_names(object), "and"));
  if (!object[key].is_array()) fail(file, "expected a list under '{}', got {}", key, object[key].type_name());
  return std::move(object[key]);
}

Json only_list(Json& object, const std::string& file) {
  std::vector<std::string> lists;
  for (const auto& [key, value] : object.items())
    if (is_list_of_objects(value)) lists.push_back(key);
  if (lists.size() == 1) return std::move(object[lists[0]]);
  if (Json rows = rows_of_columns(object); lists.empty() && !rows.is_null()) return rows;
  fail(file, "expected a list of objects, or an object with one such list, got an object with {} of them{}",
       lists.size(), lists.empty() ? "" : "; try naming " + quoted_names(lists));
}

// Whether the text is one JSON value per line: the first line is a whole object and more follows.
bool is_lines(std::string_view text) {
  const size_t start = text.find_first_not_of(" \t\r\n\xEF\xBB\xBF");
  const size_t end = start == text.npos ? text.npos : text.find('\n', start);
  if (end == text.npos || text[start] != '{') return false;
  return text.find_first_not_of(" \t\r\n", end) != text.npos && Json::accept(text.substr(start, end - start));
}

}  // namespace

std::unique_ptr<RowReader> open_json(const std::filesystem::path& path, const RowOptions& options) {
  const std::string file = path.string();
  const std::string text = read_text_file(path);
  if (is_lines(text)) return open_jsonl(path, options);
  Json value = parse_json(text, file);
  if (value.is_object())
    value = options.list_key.empty() ? only_list(value, file) : list_under_key(value, options.list_key, file);
  if (!value.is_array()) fail(file, "expected a list of objects, got {}", value.type_name());
  return std::make_unique<JsonRows>(std::move(value), file);
}

}  // namespace llmbox
