// One JSON object per line; blank lines are passed over.
#include "core/error.h"
#include "records/formats.h"
#include "records/line_reader.h"

namespace llmbox {
namespace {

class JsonlRows : public RowReader {
 public:
  explicit JsonlRows(const std::filesystem::path& path) : lines_(path) {}

  std::optional<Row> next() override {
    std::string line;
    while (lines_.next(line)) {
      if (line.find_first_not_of(" \t") == line.npos) continue;
      Row row = parse_json(line, lines_.file(), lines_.number());
      if (!row.is_object())
        fail(lines_.file(), "line {}: expected a JSON object, got {} {}", lines_.number(), row.type_name(),
             line.substr(0, 40));
      return row;
    }
    return std::nullopt;
  }
  std::string place() const override { return lines_.place(); }

 private:
  LineReader lines_;
};

}  // namespace

std::unique_ptr<RowReader> open_jsonl(const std::filesystem::path& path, const RowOptions&) {
  return std::make_unique<JsonlRows>(path);
}

}  // namespace llmbox
