// UTF-8 on raw bytes: reading and writing one code point, validity, and the lossy form that the reference libraries use
// (each maximal broken part becomes one U+FFFD). All functions are pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace llmbox {

inline constexpr std::string_view kReplacementCharacter = "\xEF\xBF\xBD";

/// One code point and the bytes it takes.
struct CodePoint {
  uint32_t value;
  uint32_t length;
};

/// Bytes of the character that starts with `lead`. Requires: lead begins a valid character.
inline uint32_t utf8_length(unsigned char lead) { return lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4; }

/// The character at p. Requires: valid UTF-8.
inline CodePoint read_code_point(const char* p) {
  const auto* s = reinterpret_cast<const unsigned char*>(p);
  if (s[0] < 0x80) return {s[0], 1};
  if (s[0] < 0xE0) return {(s[0] & 0x1Fu) << 6 | (s[1] & 0x3Fu), 2};
  if (s[0] < 0xF0) return {(s[0] & 0x0Fu) << 12 | (s[1] & 0x3Fu) << 6 | (s[2] & 0x3Fu), 3};
  return {(s[0] & 0x07u) << 18 | (s[1] & 0x3Fu) << 12 | (s[2] & 0x3Fu) << 6 | (s[3] & 0x3Fu), 4};
}

/// The character that ends just before p. Requires: valid UTF-8 with a character before p.
CodePoint read_code_point_before(const char* p);

/// Writes at most 4 bytes and returns how many.
size_t write_code_point(char* bytes, uint32_t value);
void append_code_point(std::string& text, uint32_t value);

bool is_ascii(std::string_view bytes);

/// Characters of valid UTF-8.
size_t utf8_characters(std::string_view text);

/// What stands at the front of `bytes`: a whole character (length > 0, complete), a broken part to be replaced by one
/// U+FFFD (broken), or the beginning of a character whose rest may still come (neither).
struct Utf8Front {
  uint32_t length;
  bool complete;
  bool broken;
};
Utf8Front utf8_front(std::string_view bytes);

bool is_valid_utf8(std::string_view bytes);

/// `bytes` with each maximal broken part replaced by U+FFFD.
std::string utf8_lossy(std::string_view bytes);

}  // namespace llmbox
