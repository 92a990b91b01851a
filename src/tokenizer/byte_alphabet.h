// The 256 printable characters in which byte-level vocabularies spell bytes (GPT-2): printable Latin-1 bytes stand for
// themselves, the other 68 are moved to U+0100 and above.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace llmbox {

/// The code point that spells a byte.
uint32_t byte_to_code_point(unsigned char byte);

/// The byte that a code point spells, or nothing.
std::optional<unsigned char> code_point_to_byte(uint32_t code_point);

/// Bytes → spelling.
std::string to_byte_alphabet(std::string_view bytes);

/// Spelling → bytes; nothing where a character is outside the alphabet.
std::optional<std::string> from_byte_alphabet(std::string_view spelling);

}  // namespace llmbox
