// Plain text as rows {"text": …}: one per line (empty lines too), or one for the whole file.
#include "records/formats.h"
#include "records/line_reader.h"

namespace llmbox {
namespace {

class TextRows : public RowReader {
 public:
  explicit TextRows(const std::filesystem::path& path) : lines_(path) {}

  std::optional<Row> next() override {
    std::string line;
    if (!lines_.next(line)) return std::nullopt;
    return Row{{"text", std::move(line)}};
  }
  std::string place() const override { return lines_.place(); }

 private:
  LineReader lines_;
};

class WholeText : public RowReader {
 public:
  explicit WholeText(const std::filesystem::path& path) : path_(path) {}

  std::optional<Row> next() override {
    if (std::exchange(given_, true)) return std::nullopt;
    std::string text = read_text_file(path_);
    require_utf8(text, path_.string());
    if (text.starts_with("\xEF\xBB\xBF")) text.erase(0, 3);
    return Row{{"text", std::move(text)}};
  }
  std::string place() const override { return path_.string(); }

 private:
  std::filesystem::path path_;
  bool given_ = false;
};

}  // namespace

std::unique_ptr<RowReader> open_text(const std::filesystem::path& path, const RowOptions& options) {
  if (options.whole_file) return std::make_unique<WholeText>(path);
  return std::make_unique<TextRows>(path);
}

}  // namespace llmbox
