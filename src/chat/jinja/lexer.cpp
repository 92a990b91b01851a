#include "chat/jinja/lexer.h"

#include <algorithm>
#include <array>
#include <cctype>

#include "chat/jinja/text.h"

namespace llmbox::jinja {

namespace {

bool is_blank(char c) { return is_space(static_cast<unsigned char>(c)); }
bool is_name_start(char c) { return std::isalpha(static_cast<unsigned char>(c)) || c == '_' || (c & 0x80); }
bool is_name_part(char c) { return is_name_start(c) || std::isdigit(static_cast<unsigned char>(c)); }
bool is_decimal(char c) { return std::isdigit(static_cast<unsigned char>(c)) || c == '_'; }

/// Newlines become '\n'; one at the end is dropped.
std::string normalize(std::string_view source) {
  std::string text;
  text.reserve(source.size());
  for (size_t i = 0; i < source.size(); ++i) {
    if (source[i] == '\r') {
      text.push_back('\n');
      if (i + 1 < source.size() && source[i + 1] == '\n') ++i;
    } else {
      text.push_back(source[i]);
    }
  }
  if (!text.empty() && text.back() == '\n') text.pop_back();
  return text;
}

class Lexer {
 public:
  explicit Lexer(std::string_view source) : text_(normalize(source)) {}

  std::vector<Token> run() {
    while (at_ < text_.size()) lex_data();
    add(TokenKind::end, "");
    return std::move(tokens_);
  }

 private:
  enum class Tag : uint8_t { none, variable, block, comment };

  Tag tag_at(size_t at) const {
    if (text_[at] != '{' || at + 1 >= text_.size()) return Tag::none;
    const char second = text_[at + 1];
    return second == '{' ? Tag::variable : second == '%' ? Tag::block : second == '#' ? Tag::comment : Tag::none;
  }

  Position here() {
    for (; counted_ < at_; ++counted_) {
      if (text_[counted_] == '\n') {
        ++position_.line;
        position_.column = 1;
      } else if ((text_[counted_] & 0xC0) != 0x80) {
        ++position_.column;
      }
    }
    return position_;
  }

  [[noreturn]] void fault(std::string message) { throw SyntaxFault{here(), std::move(message)}; }

  void add(TokenKind kind, std::string text) { tokens_.push_back({kind, std::move(text), here()}); }

  void add_data(std::string_view data) {
    if (!data.empty()) add(TokenKind::data, std::string(data));
  }

  void skip_blanks() {
    while (at_ < text_.size() && is_blank(text_[at_])) ++at_;
  }

  /// The text before a tag at `end`, without what the tag's sign or lstrip_blocks takes.
  std::string_view before_tag(size_t end, bool lstrip) const {
    const std::string_view data = std::string_view(text_).substr(at_, end - at_);
    const char sign = end + 2 < text_.size() ? text_[end + 2] : '\0';
    if (sign == '-') return strip(data, Side::right);
    if (!lstrip || sign == '+') return data;
    const size_t newline = data.rfind('\n');
    const size_t line = newline == std::string_view::npos ? 0 : newline + 1;
    const bool whole_line = line > 0 || line_starting_;
    return whole_line && strip(data.substr(line)).empty() ? data.substr(0, line) : data;
  }

  void lex_data() {
    size_t end = at_;
    while (end < text_.size() && tag_at(end) == Tag::none) ++end;
    if (end == text_.size()) {
      add_data(std::string_view(text_).substr(at_));
      at_ = end;
      return;
    }
    const Tag tag = tag_at(end);
    const std::string_view data = before_tag(end, tag != Tag::variable);
    add_data(data);
    at_ = end;
    line_starting_ = false;
    if (tag == Tag::comment) return lex_comment();
    if (tag == Tag::block && lex_raw()) return;
    add(tag == Tag::variable ? TokenKind::variable_begin : TokenKind::block_begin, "");
    at_ += 2;
    if (at_ < text_.size() && (text_[at_] == '-' || text_[at_] == '+')) ++at_;
    lex_inside(tag == Tag::variable ? '}' : '%');
  }

  /// After the end of a tag at at_: '-' takes all blanks, trim_blocks one newline.
  void close(char sign, bool trim) {
    const size_t from = at_;
    if (sign == '-')
      skip_blanks();
    else if (trim && sign != '+' && at_ < text_.size() && text_[at_] == '\n')
      ++at_;
    line_starting_ = at_ > from && text_[at_ - 1] == '\n';
  }

  void lex_comment() {
    const size_t end = text_.find("#}", at_ + 2);
    if (end == std::string::npos) fault("expected '#}' at the end of the comment, got the end of the template");
    const char sign = end > at_ + 2 ? text_[end - 1] : '\0';
    at_ = end + 2;
    close(sign == '-' || sign == '+' ? sign : '\0', true);
  }

  /// Reads "{% WORD %}" at `at`; moves past it and gives the closing sign.
  bool lone_block(size_t& at, std::string_view word, char& sign) const {
    size_t i = at + 2;
    const auto blanks = [&] {
      while (i < text_.size() && is_blank(text_[i])) ++i;
    };
    if (i < text_.size() && (text_[i] == '-' || text_[i] == '+')) ++i;
    blanks();
    if (text_.compare(i, word.size(), word) != 0) return false;
    i += word.size();
    blanks();
    sign = i < text_.size() && (text_[i] == '-' || text_[i] == '+') ? text_[i++] : '\0';
    if (text_.compare(i, 2, "%}") != 0) return false;
    at = i + 2;
    return true;
  }

  bool lex_raw() {
    char sign = '\0';
    size_t begin = at_;
    if (!lone_block(begin, "raw", sign)) return false;
    if (sign == '-')
      while (begin < text_.size() && is_blank(text_[begin])) ++begin;
    for (size_t end = begin; end < text_.size(); ++end) {
      if (tag_at(end) != Tag::block) continue;
      size_t after = end;
      if (!lone_block(after, "endraw", sign)) continue;
      at_ = begin;
      add_data(before_tag(end, true));
      at_ = after;
      close(sign, true);
      return true;
    }
    fault("expected {% endraw %}, got the end of the template");
  }

  /// Tokens up to "}}" or "%}" outside of any bracket.
  void lex_inside(char closer) {
    std::string open;
    while (true) {
      skip_blanks();
      if (at_ >= text_.size()) fault("expected the end of the tag, got the end of the template");
      if (open.empty() && lex_end(closer)) return;
      lex_token(open);
    }
  }

  bool lex_end(char closer) {
    const char sign = text_[at_] == '-' || text_[at_] == '+' ? text_[at_] : '\0';
    const size_t i = at_ + (sign ? 1 : 0);
    if (sign == '+' && closer == '}') return false;
    if (i + 1 >= text_.size() || text_[i] != closer || text_[i + 1] != '}') return false;
    add(closer == '}' ? TokenKind::variable_end : TokenKind::block_end, "");
    at_ = i + 2;
    close(sign, closer == '%');
    return true;
  }

  void lex_token(std::string& open) {
    const char c = text_[at_];
    if (std::isdigit(static_cast<unsigned char>(c))) return lex_number();
    if (c == '"' || c == '\'') return lex_string(c);
    if (is_name_start(c)) {
      size_t end = at_;
      while (end < text_.size() && is_name_part(text_[end])) ++end;
      add(TokenKind::name, text_.substr(at_, end - at_));
      at_ = end;
      return;
    }
    lex_operator(open);
  }

  void lex_operator(std::string& open) {
    static constexpr std::array<std::string_view, 6> kTwo = {"**", "//", "==", "!=", ">=", "<="};
    const std::string_view two = std::string_view(text_).substr(at_, 2);
    size_t size = std::find(kTwo.begin(), kTwo.end(), two) != kTwo.end() ? 2 : 1;
    const char c = text_[at_];
    if (size == 1 && std::string_view("+-*/%~[](){}<>=.:|,;").find(c) == std::string_view::npos)
      fault(std::string("unexpected character '") + c + "'");
    if (c == '(' || c == '[' || c == '{') open.push_back(c == '(' ? ')' : c == '[' ? ']' : '}');
    if (c == ')' || c == ']' || c == '}') {
      if (open.empty()) fault(std::string("unexpected '") + c + "'");
      if (open.back() != c) fault(std::string("expected '") + open.back() + "', got '" + c + "'");
      open.pop_back();
    }
    add(TokenKind::op, text_.substr(at_, size));
    at_ += size;
  }

  void lex_number() {
    const size_t begin = at_;
    const auto digits = [&](size_t i) {
      while (i < text_.size() && is_decimal(text_[i])) ++i;
      return i;
    };
    size_t end = digits(begin);
    const bool based = end == begin + 1 && text_[begin] == '0' && end < text_.size() &&
                       std::string_view("xXoObB").find(text_[end]) != std::string_view::npos;
    if (based) {
      ++end;
      while (end < text_.size() && (std::isxdigit(static_cast<unsigned char>(text_[end])) || text_[end] == '_')) ++end;
    }
    bool real = false;
    const auto digit_at = [&](size_t i) {
      return i < text_.size() && std::isdigit(static_cast<unsigned char>(text_[i]));
    };
    const bool after_dot = begin > 0 && text_[begin - 1] == '.';
    if (!based && !after_dot && end < text_.size() && text_[end] == '.' && digit_at(end + 1)) {
      real = true;
      end = digits(end + 1);
    }
    if (!based && end < text_.size() && (text_[end] == 'e' || text_[end] == 'E')) {
      const size_t sign = end + 1 < text_.size() && (text_[end + 1] == '+' || text_[end + 1] == '-') ? 1 : 0;
      if (digit_at(end + 1 + sign)) {
        real = true;
        end = digits(end + 1 + sign);
      }
    }
    std::string number = text_.substr(begin, end - begin);
    std::erase(number, '_');
    add(real ? TokenKind::real : TokenKind::integer, std::move(number));
    at_ = end;
  }

  void lex_string(char quote) {
    size_t end = at_ + 1;
    while (end < text_.size() && text_[end] != quote) end += text_[end] == '\\' ? 2 : 1;
    if (end >= text_.size()) fault("expected the end of the string, got the end of the template");
    add(TokenKind::string, unescape(std::string_view(text_).substr(at_ + 1, end - at_ - 1)));
    at_ = end + 1;
  }

  /// Python's escapes; an unknown one stays as written.
  static std::string unescape(std::string_view raw) {
    std::string out;
    out.reserve(raw.size());
    for (size_t i = 0; i < raw.size();) {
      if (raw[i] != '\\' || i + 1 == raw.size()) {
        out.push_back(raw[i++]);
      } else {
        i = unescape_one(raw, i + 1, out);
      }
    }
    return out;
  }

  static size_t unescape_one(std::string_view raw, size_t i, std::string& out) {
    static constexpr std::string_view kLetters = "\\'\"nrtabfv0", kMeanings = "\\'\"\n\r\t\a\b\f\v";
    const char c = raw[i];
    if (c == '\n') return i + 1;
    const size_t letter = kLetters.find(c);
    if (letter < kMeanings.size()) {
      out.push_back(kMeanings[letter]);
      return i + 1;
    }
    if (c >= '0' && c <= '7') return append_number(raw, i, 3, 8, out);
    const size_t size = c == 'x' ? 2 : c == 'u' ? 4 : c == 'U' ? 8 : 0;
    const auto hex = [](char h) { return std::isxdigit(static_cast<unsigned char>(h)) != 0; };
    const std::string_view digits = raw.substr(i + 1, size);
    if (size && digits.size() == size && std::all_of(digits.begin(), digits.end(), hex))
      return append_number(raw, i + 1, size, 16, out);
    out.push_back('\\');
    out.push_back(c);
    return i + 1;
  }

  static size_t append_number(std::string_view raw, size_t i, size_t most, int base, std::string& out) {
    size_t end = i;
    while (end < raw.size() && end < i + most &&
           (base == 16 ? std::isxdigit(static_cast<unsigned char>(raw[end])) != 0 : raw[end] >= '0' && raw[end] <= '7'))
      ++end;
    append_code_point(out, static_cast<char32_t>(std::stoul(std::string(raw.substr(i, end - i)), nullptr, base)));
    return end;
  }

  std::string text_;
  size_t at_ = 0;
  size_t counted_ = 0;  // position_ stands here
  Position position_;
  bool line_starting_ = true;
  std::vector<Token> tokens_;
};

}  // namespace

std::vector<Token> tokenize(std::string_view source) { return Lexer(source).run(); }

}  // namespace llmbox::jinja
