// Whole-text Unicode operations that several normalizers share.
#pragma once

#include <utf8proc.h>

#include <string>
#include <string_view>

#include "tokenizer/utf8.h"

namespace llmbox {

/// The text in another normal form; `options` are utf8proc's (COMPOSE or DECOMPOSE, COMPAT).
std::string unicode_form(std::string_view text, int options);

/// Lower case, each character by itself (no final sigma), as the reference does it.
std::string lower_case(std::string_view text);

/// The characters for which keep(code point) holds.
template <typename Keep>
std::string filter_characters(std::string_view text, Keep&& keep) {
  std::string kept;
  for (size_t i = 0; i < text.size();) {
    CodePoint c = read_code_point(text.data() + i);
    if (keep(c.value)) kept += text.substr(i, c.length);
    i += c.length;
  }
  return kept;
}

}  // namespace llmbox
