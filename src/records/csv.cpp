// Cells with a separator, RFC 4180: a cell in double quotes may hold separators, line ends and, doubled, quotes.
// Every cell is text. The first line names the columns (a nameless one becomes "Unnamed: i", as in pandas) unless
// RowOptions::columns does. A quote inside an unquoted cell is an ordinary character.
#include <algorithm>

#include "core/error.h"
#include "core/near_name.h"
#include "records/formats.h"
#include "records/line_reader.h"

namespace llmbox {
namespace {

class SeparatedRows : public RowReader {
 public:
  SeparatedRows(const std::filesystem::path& path, char separator, std::vector<std::string> columns)
      : lines_(path), separator_(separator), columns_(std::move(columns)) {
    if (columns_.empty() && read_cells()) columns_ = cells_;
    name_columns();
  }

  std::optional<Row> next() override {
    if (!read_cells()) return std::nullopt;
    if (cells_.size() != columns_.size())
      fail(place(), "expected {} cells ({}), got {}", columns_.size(), quoted_names(columns_, "and"), cells_.size());
    Row row = Row::object();
    for (size_t i = 0; i < cells_.size(); ++i) row.emplace(columns_[i], std::move(cells_[i]));
    return row;
  }
  std::string place() const override { return fmt::format("{} line {}", lines_.file(), first_line_); }

 private:
  void name_columns() {
    for (size_t i = 0; i < columns_.size(); ++i) {
      if (columns_[i].empty()) columns_[i] = fmt::format("Unnamed: {}", i);
      if (std::find(columns_.begin(), columns_.begin() + static_cast<int64_t>(i), columns_[i]) !=
          columns_.begin() + static_cast<int64_t>(i))
        fail(lines_.file(), "expected columns of different names, got '{}' twice", columns_[i]);
    }
  }

  // The cells of the next record into cells_; empty lines are passed over. False at the end.
  bool read_cells() {
    do {
      if (!lines_.next(line_)) return false;
    } while (line_.empty());
    first_line_ = lines_.number();
    cells_.clear();
    for (size_t at = 0;;) {
      std::string& cell = cells_.emplace_back();
      if (at < line_.size() && line_[at] == '"') {
        at = read_quoted(at + 1, cell);
      }
      const size_t end = std::min(line_.find(separator_, at), line_.size());
      cell.append(line_, at, end - at);
      if (end == line_.size()) return true;
      at = end + 1;
    }
  }

  // Appends a quoted cell whose text begins at `at`; returns the place after its closing quote, maybe lines further.
  size_t read_quoted(size_t at, std::string& cell) {
    for (;;) {
      const size_t quote = line_.find('"', at);
      cell.append(line_, at, quote - at);
      if (quote == line_.npos) {
        if (!lines_.next(line_))
          fail(place(), "expected the closing quote of a cell that begins here, got the end of the file");
        cell += '\n';
        at = 0;
      } else if (quote + 1 < line_.size() && line_[quote + 1] == '"') {
        cell += '"';
        at = quote + 2;
      } else {
        return quote + 1;
      }
    }
  }

  LineReader lines_;
  char separator_;
  std::vector<std::string> columns_;
  std::string line_;
  std::vector<std::string> cells_;
  int64_t first_line_ = 0;
};

}  // namespace

std::unique_ptr<RowReader> open_csv(const std::filesystem::path& path, const RowOptions& options) {
  return std::make_unique<SeparatedRows>(path, ',', options.columns);
}

std::unique_ptr<RowReader> open_tsv(const std::filesystem::path& path, const RowOptions& options) {
  return std::make_unique<SeparatedRows>(path, '\t', options.columns);
}

}  // namespace llmbox
