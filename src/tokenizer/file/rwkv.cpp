// RWKV's world vocabulary: on each line an id, the token as a Python literal ('…' or b'…'), and its length in bytes.
#include <charconv>

#include "core/error.h"
#include "core/json.h"
#include "tokenizer/byte_alphabet.h"
#include "tokenizer/file/tokenizer_file.h"
#include "tokenizer/utf8.h"

namespace llmbox {

namespace {

// The value of `count` hexadecimal digits at the front of the text, which lose them; nothing where there are others.
std::optional<uint32_t> take_hex(std::string_view& text, size_t count) {
  uint32_t value = 0;
  if (text.size() < count) return std::nullopt;
  auto [end, error] = std::from_chars(text.data(), text.data() + count, value, 16);
  if (error != std::errc() || end != text.data() + count) return std::nullopt;
  text.remove_prefix(count);
  return value;
}

// Appends what the escape at the front, behind its backslash, stands for. False: none that Python writes.
bool take_escape(std::string_view& text, bool bytes, std::string& out) {
  constexpr std::string_view kLetters = "nrt\\'\"", kMeanings = "\n\r\t\\'\"";
  if (text.empty()) return false;
  char letter = text[0];
  text.remove_prefix(1);
  if (size_t plain = kLetters.find(letter); plain != std::string_view::npos) {
    out += kMeanings[plain];
    return true;
  }
  size_t digits = letter == 'x' ? 2 : letter == 'u' ? 4 : letter == 'U' ? 8 : 0;
  if (digits == 0) return false;
  std::optional<uint32_t> value = take_hex(text, digits);
  if (!value || *value > 0x10FFFF) return false;
  if (bytes) {
    out += static_cast<char>(*value);
  } else {
    append_code_point(out, *value);
  }
  return true;
}

std::optional<std::string> python_literal(std::string_view text) {
  bool bytes = text.starts_with('b');
  if (bytes) text.remove_prefix(1);
  if (text.size() < 2 || (text[0] != '\'' && text[0] != '"') || text.back() != text[0]) return std::nullopt;
  text = text.substr(1, text.size() - 2);
  std::string out;
  while (!text.empty()) {
    char c = text[0];
    text.remove_prefix(1);
    if (c != '\\') {
      out += c;
    } else if (!take_escape(text, bytes, out)) {
      return std::nullopt;
    }
  }
  return out;
}

void read_line(std::string_view line, const std::string& where, StringTable& vocabulary) {
  size_t first = line.find(' '), last = line.rfind(' ');
  int64_t id = -1;
  size_t length = 0;
  std::optional<std::string> token;
  if (first != std::string_view::npos && first < last) {
    std::from_chars(line.data(), line.data() + first, id);
    std::from_chars(line.data() + last + 1, line.data() + line.size(), length);
    token = python_literal(line.substr(first + 1, last - first - 1));
  }
  if (!token || token->size() != length || id < 0)
    fail(where, "expected 'ID LITERAL LENGTH', got '{}'; try fetching the file again", line.substr(0, 60));
  vocabulary.add(to_byte_alphabet(*token), id);
}

}  // namespace

PipelineParts read_rwkv(const std::filesystem::path& path) {
  std::string bytes = read_text_file(path);
  std::string_view text = bytes;
  ModelDescription description;
  description.options["type"] = "LongestMatch";
  for (size_t number = 1; !text.empty(); ++number) {
    std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (!line.empty()) read_line(line, fmt::format("{}:{}", path.string(), number), description.vocabulary);
  }
  if (description.vocabulary.size() == 0) fail(path.string(), "expected lines 'ID LITERAL LENGTH', got none");
  PipelineParts parts;
  parts.model = make_token_model(std::move(description));
  parts.decoder = {make_byte_level_decoder({})};
  parts.added.push_back({.id = 0, .content = "<|endoftext|>", .normalized = false, .special = true});
  parts.special = {0, 0, 0};
  return parts;
}

}  // namespace llmbox
