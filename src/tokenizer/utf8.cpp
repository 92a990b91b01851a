#include "tokenizer/utf8.h"

#include <algorithm>
#include <cstring>

namespace llmbox {

namespace {

// Length of the run of ASCII at the front, eight bytes at a time.
size_t ascii_prefix(std::string_view bytes) {
  size_t i = 0;
  for (; i + 8 <= bytes.size(); i += 8) {
    uint64_t word;
    std::memcpy(&word, bytes.data() + i, 8);
    if (word & 0x8080808080808080ull) break;
  }
  while (i < bytes.size() && static_cast<unsigned char>(bytes[i]) < 0x80) ++i;
  return i;
}

// Bounds of the second byte for each lead byte (Unicode, table 3-7).
bool second_byte_fits(unsigned char lead, unsigned char second) {
  unsigned char low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
  unsigned char high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
  return second >= low && second <= high;
}

}  // namespace

CodePoint read_code_point_before(const char* p) {
  const char* start = p - 1;
  while ((static_cast<unsigned char>(*start) & 0xC0) == 0x80) --start;
  return read_code_point(start);
}

size_t write_code_point(char* bytes, uint32_t value) {
  auto tail = [value](int shift) { return static_cast<char>(0x80 | (value >> shift & 0x3F)); };
  if (value < 0x80) {
    bytes[0] = static_cast<char>(value);
    return 1;
  }
  if (value < 0x800) {
    bytes[0] = static_cast<char>(0xC0 | value >> 6);
    bytes[1] = tail(0);
    return 2;
  }
  if (value < 0x10000) {
    bytes[0] = static_cast<char>(0xE0 | value >> 12);
    bytes[1] = tail(6);
    bytes[2] = tail(0);
    return 3;
  }
  bytes[0] = static_cast<char>(0xF0 | value >> 18);
  bytes[1] = tail(12);
  bytes[2] = tail(6);
  bytes[3] = tail(0);
  return 4;
}

void append_code_point(std::string& text, uint32_t value) {
  char bytes[4];
  text.append(bytes, write_code_point(bytes, value));
}

size_t utf8_characters(std::string_view text) {
  return static_cast<size_t>(std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}

bool is_ascii(std::string_view bytes) { return ascii_prefix(bytes) == bytes.size(); }

Utf8Front utf8_front(std::string_view bytes) {
  auto byte = [&](size_t i) { return static_cast<unsigned char>(bytes[i]); };
  unsigned char lead = byte(0);
  if (lead < 0x80) return {1, true, false};
  if (lead < 0xC2 || lead > 0xF4) return {1, false, true};
  uint32_t length = utf8_length(lead);
  for (uint32_t i = 1; i < length; ++i) {
    if (i >= bytes.size()) return {i, false, false};
    bool fits = i == 1 ? second_byte_fits(lead, byte(1)) : (byte(i) & 0xC0) == 0x80;
    if (!fits) return {i, false, true};
  }
  return {length, true, false};
}

bool is_valid_utf8(std::string_view bytes) {
  while (true) {
    bytes.remove_prefix(ascii_prefix(bytes));
    while (!bytes.empty() && static_cast<unsigned char>(bytes[0]) >= 0x80) {
      Utf8Front front = utf8_front(bytes);
      if (!front.complete) return false;
      bytes.remove_prefix(front.length);
    }
    if (bytes.empty()) return true;
  }
}

std::string utf8_lossy(std::string_view bytes) {
  std::string text;
  text.reserve(bytes.size());
  while (!bytes.empty()) {
    Utf8Front front = utf8_front(bytes);
    text += front.complete ? bytes.substr(0, front.length) : kReplacementCharacter;
    bytes.remove_prefix(front.length);
  }
  return text;
}

}  // namespace llmbox
