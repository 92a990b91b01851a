// The character classes that split patterns ask for, one byte of flags per code point in a two-level table that is
// built once from utf8proc. Immutable and thread-safe after the first use.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

namespace llmbox {

enum UnicodeFlag : uint8_t {
  kLetter = 1,       // \p{L}
  kNumber = 2,       // \p{N}
  kSpace = 4,        // \s: the White_Space property
  kPunctuation = 8,  // \p{P}
  kMark = 16,        // \p{M}
  kWordJoiner = 32,  // in \w beside letters, marks and digits: \p{Pc}
  kNfcStable = 64,   // a text of such characters alone is in form NFC
  kControl = 128,    // \p{C}
};

class UnicodeClasses {
 public:
  static const UnicodeClasses& get();
  uint8_t flags(uint32_t code_point) const { return blocks_[index_[code_point >> 8]][code_point & 0xFF]; }

 private:
  UnicodeClasses();
  std::array<uint16_t, 0x1100> index_;
  std::vector<std::array<uint8_t, 256>> blocks_;
};

/// Flags of one code point; for loops take UnicodeClasses::get() once.
inline uint8_t unicode_flags(uint32_t code_point) { return UnicodeClasses::get().flags(code_point); }

inline bool is_unicode_space(uint32_t code_point) { return unicode_flags(code_point) & kSpace; }

/// \w of the reference's patterns: letters, marks, numbers and connecting punctuation.
inline bool is_unicode_word(uint32_t code_point) {
  return unicode_flags(code_point) & (kLetter | kNumber | kMark | kWordJoiner);
}

}  // namespace llmbox
