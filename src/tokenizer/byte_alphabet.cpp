#include "tokenizer/byte_alphabet.h"

#include <array>

#include "tokenizer/utf8.h"

namespace llmbox {

namespace {

struct Alphabet {
  std::array<uint32_t, 256> code_points;
  std::array<int16_t, 0x144> bytes;

  Alphabet() {
    bytes.fill(-1);
    uint32_t moved = 0x100;
    for (uint32_t byte = 0; byte < 256; ++byte) {
      bool printable = (byte >= 0x21 && byte <= 0x7E) || (byte >= 0xA1 && byte <= 0xAC) || byte >= 0xAE;
      code_points[byte] = printable ? byte : moved++;
      bytes[code_points[byte]] = static_cast<int16_t>(byte);
    }
  }
};

const Alphabet& alphabet() {
  static const Alphabet made;
  return made;
}

}  // namespace

uint32_t byte_to_code_point(unsigned char byte) { return alphabet().code_points[byte]; }

std::optional<unsigned char> code_point_to_byte(uint32_t code_point) {
  if (code_point >= alphabet().bytes.size() || alphabet().bytes[code_point] < 0) return std::nullopt;
  return static_cast<unsigned char>(alphabet().bytes[code_point]);
}

std::string to_byte_alphabet(std::string_view bytes) {
  std::string spelling;
  for (unsigned char byte : bytes) append_code_point(spelling, byte_to_code_point(byte));
  return spelling;
}

std::optional<std::string> from_byte_alphabet(std::string_view spelling) {
  std::string bytes;
  bytes.reserve(spelling.size());
  for (size_t i = 0; i < spelling.size();) {
    CodePoint c = read_code_point(spelling.data() + i);
    std::optional<unsigned char> byte = code_point_to_byte(c.value);
    if (!byte) return std::nullopt;
    bytes += static_cast<char>(*byte);
    i += c.length;
  }
  return bytes;
}

}  // namespace llmbox
