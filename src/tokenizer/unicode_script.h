// The Unicode script of a character as splits by script use it: Hiragana and Katakana count as Han. Scripts are asked
// of PCRE2 and remembered per thread. Thread-safe.
#pragma once

#include <cstdint>

namespace llmbox {

/// A number for each script; characters of one script have the same. kAnyScript: no script is known.
int unicode_script(uint32_t code_point);

inline constexpr int kAnyScript = -1;
int common_script();
int inherited_script();

}  // namespace llmbox
