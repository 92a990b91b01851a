// Reads Python's literals as JSON values: strings with their escapes, numbers, lists, tuples, dictionaries, True,
// False and None (what ast.literal_eval takes and json.dumps can write). Borrows the text; null at the first fault,
// after which the reader is of no more use.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/json.h"

namespace llmbox::tool_text {

class LiteralReader {
 public:
  explicit LiteralReader(std::string_view text) : text_(text) {}

  /// The literal that comes next.
  std::optional<Json> read();

  /// Whether `c` comes next, after white space.
  bool sees(char c);
  /// The same, and moves past it.
  bool take(char c);
  /// The name that comes next, after white space; empty where there is none.
  std::string_view take_word();
  bool at_end();

 private:
  std::optional<Json> read_nested();
  std::optional<Json> read_word();
  std::optional<Json> read_number();
  std::optional<Json> read_strings();
  bool read_string(std::string& out);
  bool read_escape(std::string& out);
  bool read_code_point(std::string& out, size_t digits);
  std::optional<Json> read_list(char close);
  std::optional<Json> read_dictionary();

  std::string_view text_;
  size_t at_ = 0;
  int depth_ = 0;
};

}  // namespace llmbox::tool_text
