#include "records/line_reader.h"

#include <simdjson.h>

#include <cerrno>
#include <cstring>

#include "core/error.h"

namespace llmbox {

LineReader::LineReader(const std::filesystem::path& path) : file_(path.string()), buffer_(size_t{1} << 18, '\0') {
  stream_.rdbuf()->pubsetbuf(buffer_.data(), static_cast<std::streamsize>(buffer_.size()));
  errno = 0;
  stream_.open(path, std::ios::binary);
  if (!stream_) fail(file_, "expected a readable file, got '{}'", std::strerror(errno != 0 ? errno : EIO));
}

bool LineReader::next(std::string& line) {
  if (!std::getline(stream_, line)) {
    if (stream_.bad()) fail(file_, "expected to read on after line {}, got '{}'", number_, std::strerror(errno));
    return false;
  }
  ++number_;
  if (!line.empty() && line.back() == '\r') line.pop_back();
  if (number_ == 1 && line.starts_with("\xEF\xBB\xBF")) line.erase(0, 3);
  if (!simdjson::validate_utf8(line)) require_utf8(line, place());
  return true;
}

std::string LineReader::place() const { return fmt::format("{} line {}", file_, number_); }

void require_utf8(std::string_view text, std::string_view where) {
  if (!simdjson::validate_utf8(text.data(), text.size()))
    fail(where, "expected UTF-8 text, got other bytes; try converting the file with iconv");
}

}  // namespace llmbox
