#include "core/json.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>

#include "core/error.h"

namespace llmbox {
namespace {

namespace fs = std::filesystem;

// "[json.exception.parse_error.101] parse error at line 1, column 2: syntax error while … - reason; last read: 'x'" →
// the part after "- ", which names the reason.
std::string reason_of(const Json::parse_error& error) {
  const std::string text = error.what();
  for (const char* mark : {" - ", ": "})
    if (const size_t at = text.find(mark); at != text.npos) return text.substr(at + std::strlen(mark));
  return text;
}

/// Far deeper than any real file, and shallow enough to walk through by recursion.
constexpr int kMaxDepth = 512;

void refuse_deep(std::string_view text, std::string_view where) {
  int depth = 0;
  bool in_string = false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string && c == '\\') {
      ++i;
    } else if (c == '"') {
      in_string = !in_string;
    } else if (!in_string && (c == '[' || c == '{')) {
      if (++depth > kMaxDepth) fail(where, "expected JSON at most {} levels deep, got deeper at byte {}", kMaxDepth, i);
    } else if (!in_string && (c == ']' || c == '}')) {
      --depth;
    }
  }
}

}  // namespace

Json parse_json(std::string_view text, std::string_view where, int64_t first_line) {
  refuse_deep(text, where);
  try {
    return Json::parse(text);
  } catch (const Json::parse_error& error) {
    const size_t byte = std::min(text.size(), error.byte > 0 ? error.byte - 1 : 0);
    const std::string_view before = text.substr(0, byte);
    const int64_t line = first_line + std::count(before.begin(), before.end(), '\n');
    const size_t line_start = before.rfind('\n') == before.npos ? 0 : before.rfind('\n') + 1;
    fail(where, "line {}, column {}: expected valid JSON, got {}", line, byte - line_start + 1, reason_of(error));
  } catch (const Json::out_of_range& error) {
    const std::string what = error.what();
    fail(where, "line {}: expected numbers that a double holds, got {}", first_line, what.substr(what.rfind(' ') + 1));
  }
}

Json read_json_file(const fs::path& path) { return parse_json(read_text_file(path), path.string()); }

std::string read_text_file(const fs::path& path) {
  std::error_code status;
  if (fs::is_directory(path, status)) fail(path.string(), "expected a file, got a folder");
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  if (!file) fail(path.string(), "expected a readable file, got '{}'", std::strerror(errno != 0 ? errno : ENOENT));
  std::string bytes;
  const auto size = fs::file_size(path, status);
  if (!status) bytes.reserve(size);
  bytes.assign(std::istreambuf_iterator<char>(file), {});
  if (file.bad()) fail(path.string(), "expected a readable file, got '{}'", std::strerror(errno));
  return bytes;
}

}  // namespace llmbox
