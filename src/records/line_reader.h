// The lines of a text file, one at a time, with their numbers: for the formats that are made of lines.
// A byte-order mark and the line ends \n and \r\n are taken off; a line that is not UTF-8 is an Error that names it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>

namespace llmbox {

class LineReader {
 public:
  explicit LineReader(const std::filesystem::path& path);

  /// False at the end. `line` is without its line end.
  bool next(std::string& line);
  /// Of the line that was given last, counted from 1.
  int64_t number() const { return number_; }
  /// "train.jsonl line 12"
  std::string place() const;
  const std::string& file() const { return file_; }

 private:
  std::string file_;
  std::string buffer_;  // of the stream; lives as long as it
  std::ifstream stream_;
  int64_t number_ = 0;
};

/// Throws Error naming `where` where the text is not UTF-8.
void require_utf8(std::string_view text, std::string_view where);

}  // namespace llmbox
