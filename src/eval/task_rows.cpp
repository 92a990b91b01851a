#include "eval/task_rows.h"

#include "core/error.h"
#include "core/near_name.h"
#include "eval/filters/filter.h"
#include "records/reader.h"
#include "records/slice.h"

namespace llmbox {

namespace {

namespace fs = std::filesystem;

std::string filled_in(std::string name, const RowsWanted& wanted) {
  for (const auto& [mark, value] : {std::pair{std::string("{subset}"), wanted.subset}, {"{split}", wanted.split}})
    for (size_t at = name.find(mark); at != std::string::npos; at = name.find(mark))
      name.replace(at, mark.size(), value);
  return name;
}

/// The files that a name with at most one `*` in its last part stands for, sorted.
std::vector<fs::path> files_of(const fs::path& pattern) {
  const std::string name = pattern.filename().string();
  const size_t star = name.find('*');
  if (star == std::string::npos) return fs::is_regular_file(pattern) ? std::vector{pattern} : std::vector<fs::path>{};
  const std::string head = name.substr(0, star), tail = name.substr(star + 1);
  std::vector<fs::path> found;
  std::error_code missing;
  for (const auto& entry : fs::directory_iterator(pattern.parent_path(), missing)) {
    const std::string file = entry.path().filename().string();
    if (file.size() >= head.size() + tail.size() && file.starts_with(head) && file.ends_with(tail))
      found.push_back(entry.path());
  }
  std::sort(found.begin(), found.end());
  return found;
}

using FileTable = std::map<std::string, std::vector<std::string>>;

std::vector<std::string> names_for(const FileTable& files, const std::string& key) {
  const auto exact = files.find(key), any = files.find("");
  return exact != files.end() ? exact->second : any != files.end() ? any->second : std::vector<std::string>{};
}

/// The first of the names that exists under data_dir, or beside it where data_dir is the task's own folder.
std::vector<fs::path> find_files(const std::vector<std::string>& names, const RowsWanted& wanted,
                                 const fs::path& data_dir, std::vector<std::string>& looked) {
  for (const std::string& raw : names) {
    const fs::path name = filled_in(raw, wanted);
    fs::path inside;
    for (auto part = std::next(name.begin()); part != name.end() && name.begin() != name.end(); ++part) inside /= *part;
    for (const fs::path& candidate : {data_dir / name, data_dir / inside}) {
      if (inside.empty() && candidate == data_dir / inside) continue;
      looked.push_back(candidate.lexically_normal().string());
      auto found = files_of(candidate);
      if (!found.empty()) return found;
    }
  }
  return {};
}

[[noreturn]] void missing(const std::string& where, const std::string& what, const std::vector<std::string>& looked) {
  std::string places;
  for (const std::string& place : looked) places += (places.empty() ? "" : ", ") + place;
  fail(where, "expected {}, found none; try --data_dir; looked for {}", what, places);
}

void add_column(const TaskSpec& task, const std::string& column, std::vector<Json>& rows, const RowsWanted& wanted,
                const fs::path& data_dir) {
  std::vector<std::string> looked;
  const auto files = find_files(task.columns.at(column), wanted, data_dir, looked);
  if (files.empty()) {
    const bool already = std::all_of(rows.begin(), rows.end(), [&](const Json& row) { return row.contains(column); });
    if (!already) missing("task " + task.name, "a file with the column '" + column + "'", looked);
    return;
  }
  std::vector<std::string> lines;
  const std::string text = read_text_file(files[0]);
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = std::min(text.find('\n', begin), text.size());
    lines.push_back(trimmed(std::string_view(text).substr(begin, end - begin)));
    begin = end + 1;
  }
  if (lines.size() != rows.size())
    fail(files[0].string(), "expected {} lines, one a row, got {}", rows.size(), lines.size());
  for (size_t i = 0; i < rows.size(); ++i) rows[i][column] = lines[i];
}

}  // namespace

std::vector<Json> load_task_rows(const TaskSpec& task, const RowsWanted& wanted, const fs::path& data_dir) {
  const NamedSlice slice = split_slice(wanted.split);
  const RowsWanted plain{wanted.subset, slice.name};
  std::vector<std::string> looked;
  const auto files = find_files(names_for(task.files, slice.name), plain, data_dir, looked);
  if (looked.empty()) {
    std::vector<std::string> splits;
    for (const auto& [split, names] : task.files) splits.push_back(split);
    fail("task " + task.name, "expected one of its splits, got '{}'; try {}", slice.name, quoted_names(splits, "or"));
  }
  if (files.empty())
    missing(
        "task " + task.name,
        fmt::format("the data of its split '{}'{}", slice.name, wanted.subset.empty() ? "" : " of " + wanted.subset),
        looked);
  std::vector<Json> rows;
  for (const fs::path& file : files)
    for (Json& row : read_rows(file)) rows.push_back(std::move(row));
  for (const auto& [column, names] : task.columns) add_column(task, column, rows, plain, data_dir);
  if (rows.empty()) fail(files[0].string(), "expected rows, found none");
  const RowRange range = apply_slice(slice.slice, static_cast<int64_t>(rows.size()));
  return {rows.begin() + range.begin, rows.begin() + range.end};
}

}  // namespace llmbox
