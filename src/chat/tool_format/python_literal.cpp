#include "chat/tool_format/python_literal.h"

#include <charconv>
#include <cmath>

#include "chat/jinja/text.h"
#include "chat/tool_format/given.h"
#include "chat/tool_format/reply_json.h"
#include "chat/tool_format/reply_scan.h"

namespace llmbox::tool_text {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool is_word_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_digit(c) || c == '_' || (c & 0x80);
}

template <class Number>
std::optional<Json> whole(const std::string& digits, int base) {
  Number number{};
  const char* end = digits.data() + digits.size();
  const auto [stop, fault] = std::from_chars(digits.data(), end, number, base);
  if (fault != std::errc() || stop != end) return std::nullopt;
  return Json(number);
}

std::optional<Json> decimal(const std::string& digits) {
  double number = 0;
  const char* end = digits.data() + digits.size();
  const auto [stop, fault] = std::from_chars(digits.data(), end, number);
  if (fault != std::errc() || stop != end || !std::isfinite(number)) return std::nullopt;
  return Json(number);
}

/// 12, 0x1f, 0o7, 0b1, 1.5, 1e-3, with a minus sign or without. Whole numbers beyond 64 bits become decimals.
std::optional<Json> number_of(const std::string& digits) {
  const size_t first = digits[0] == '-';
  const char next = first + 1 < digits.size() ? static_cast<char>(digits[first + 1] | 0x20) : '\0';
  const int base = next == 'x' ? 16 : next == 'o' ? 8 : next == 'b' ? 2 : 10;
  if (digits[first] == '0' && base != 10) {
    if (digits.size() == first + 2 || digits[first + 2] == '-') return std::nullopt;
    return whole<int64_t>(digits.substr(0, first) + digits.substr(first + 2), base);
  }
  if (digits.find_first_of(".eE") == digits.npos) {
    if (digits[first] == '0' && digits.find_first_not_of('0', first) != digits.npos) return std::nullopt;
    if (auto number = whole<int64_t>(digits, 10)) return number;
    if (auto number = whole<uint64_t>(digits, 10)) return number;
  }
  return decimal(digits);
}

/// What a one-letter escape stands for; 0 where the letter is none.
char escaped(char letter) {
  static constexpr std::string_view kLetters = "\\'\"abfnrtv", kMeanings = "\\'\"\a\b\f\n\r\t\v";
  const size_t at = kLetters.find(letter);
  return at == kLetters.npos ? '\0' : kMeanings[at];
}

}  // namespace

bool LiteralReader::sees(char c) {
  at_ = skip_space(text_, at_);
  return at_ < text_.size() && text_[at_] == c;
}

bool LiteralReader::take(char c) {
  const bool found = sees(c);
  at_ += found;
  return found;
}

bool LiteralReader::at_end() {
  at_ = skip_space(text_, at_);
  return at_ == text_.size();
}

std::string_view LiteralReader::take_word() {
  at_ = skip_space(text_, at_);
  const size_t begin = at_;
  if (at_ < text_.size() && is_digit(text_[at_])) return {};
  while (at_ < text_.size() && is_word_character(text_[at_])) ++at_;
  return text_.substr(begin, at_ - begin);
}

std::optional<Json> LiteralReader::read() {
  if (at_end() || depth_ == kDeepest) return std::nullopt;
  ++depth_;
  auto value = read_nested();
  --depth_;
  return value;
}

std::optional<Json> LiteralReader::read_nested() {
  const char c = text_[at_];
  if (c == '"' || c == '\'') return read_strings();
  if (is_digit(c) || c == '-' || c == '+' || c == '.') return read_number();
  if (take('[')) return read_list(']');
  if (take('(')) return read_list(')');
  if (take('{')) return read_dictionary();
  return read_word();
}

std::optional<Json> LiteralReader::read_word() {
  const std::string_view word = take_word();
  if (word == "True") return Json(true);
  if (word == "False") return Json(false);
  if (word == "None") return Json(nullptr);
  return std::nullopt;
}

std::optional<Json> LiteralReader::read_number() {
  std::string digits;
  if (take('-'))
    digits = "-";
  else
    take('+');
  at_ = skip_space(text_, at_);
  const size_t begin = at_;
  for (char last = '\0'; at_ < text_.size(); ++at_) {
    const char c = text_[at_];
    const bool is_sign_of_exponent = (c == '-' || c == '+') && (last == 'e' || last == 'E');
    if (!is_word_character(c) && c != '.' && !is_sign_of_exponent) break;
    if (c == '_' && !(is_word_character(last) && last != '_')) return std::nullopt;
    if (c != '_' && c != '+') digits.push_back(c);
    last = c;
  }
  if (at_ == begin || text_[at_ - 1] == '_') return std::nullopt;
  return number_of(digits);
}

std::optional<Json> LiteralReader::read_strings() {
  std::string text;
  while (sees('"') || sees('\''))
    if (!read_string(text)) return std::nullopt;
  return Json(std::move(text));
}

bool LiteralReader::read_string(std::string& out) {
  const char quote = text_[at_++];
  while (at_ < text_.size()) {
    const char c = text_[at_++];
    if (c == quote) return true;
    if (c == '\n') return false;
    if (c != '\\')
      out.push_back(c);
    else if (!read_escape(out))
      return false;
  }
  return false;
}

bool LiteralReader::read_escape(std::string& out) {
  if (at_ == text_.size()) return false;
  const char c = text_[at_++];
  if (c == '\n') return true;  // the line goes on
  if (c == 'x') return read_code_point(out, 2);
  if (c == 'u') return read_code_point(out, 4);
  if (c == 'U') return read_code_point(out, 8);
  if (c == 'N') return false;
  if (c >= '0' && c <= '7') {
    char32_t number = static_cast<char32_t>(c - '0');
    for (int i = 0; i < 2 && at_ < text_.size() && text_[at_] >= '0' && text_[at_] <= '7'; ++i)
      number = number * 8 + static_cast<char32_t>(text_[at_++] - '0');
    jinja::append_code_point(out, number);
    return true;
  }
  const char meaning = escaped(c);
  if (!meaning) out.push_back('\\');  // unknown escapes stay as they are
  out.push_back(meaning ? meaning : c);
  return true;
}

bool LiteralReader::read_code_point(std::string& out, size_t digits) {
  if (text_.size() - at_ < digits) return false;
  uint32_t number = 0;
  const char* begin = text_.data() + at_;
  const auto [stop, fault] = std::from_chars(begin, begin + digits, number, 16);
  const bool is_surrogate = number >= 0xD800 && number < 0xE000;
  if (fault != std::errc() || stop != begin + digits || number > 0x10FFFF || is_surrogate) return false;
  at_ += digits;
  jinja::append_code_point(out, number);
  return true;
}

/// Past "[" or "(". A single value in parentheses without a comma is that value.
std::optional<Json> LiteralReader::read_list(char close) {
  Json list = Json::array();
  bool has_comma = false;
  while (!sees(close)) {
    if (!list.empty() && !has_comma) return std::nullopt;
    auto item = read();
    if (!item) return std::nullopt;
    list.push_back(std::move(*item));
    has_comma = take(',');
  }
  take(close);
  if (close == ')' && list.size() == 1 && !has_comma) return std::move(list[0]);
  return list;
}

/// Past "{". Keys that are no strings become the text that json.dumps makes of them.
std::optional<Json> LiteralReader::read_dictionary() {
  ObjectBuilder entries;
  bool may_go_on = true;
  while (!take('}')) {
    if (!may_go_on) return std::nullopt;
    auto key = read();
    if (!key || key->is_structured() || !take(':')) return std::nullopt;
    auto value = read();
    if (!value) return std::nullopt;
    entries.set(plain_text(*key), std::move(*value));
    may_go_on = take(',');
  }
  return entries.take();
}

}  // namespace llmbox::tool_text
