// Template source to tokens, with Jinja2's white-space rules (trim_blocks, lstrip_blocks, '-' and '+' signs, one
// trailing newline of the source dropped).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace llmbox::jinja {

/// Where something stands in the source; both count from 1.
struct Position {
  int line = 1;
  int column = 1;
};

enum class TokenKind : uint8_t {
  data,
  variable_begin,
  variable_end,
  block_begin,
  block_end,
  name,
  string,
  integer,
  real,
  op,
  end
};

struct Token {
  TokenKind kind;
  std::string text;  // data and string: the value; others as written
  Position at;

  bool is(TokenKind wanted, std::string_view spelling) const { return kind == wanted && text == spelling; }
  bool is_op(std::string_view spelling) const { return is(TokenKind::op, spelling); }
  bool is_name(std::string_view spelling) const { return is(TokenKind::name, spelling); }
};

/// A fault of syntax and its place.
struct SyntaxFault {
  Position at;
  std::string message;
};

/// Throws SyntaxFault. The last token is `end`.
std::vector<Token> tokenize(std::string_view source);

}  // namespace llmbox::jinja
