// Whole-text Unicode operations that several normalizers share.
#pragma once

#include <utf8proc.h>

#include <string>
#include <string_view>

#include "tokenizer/text_edit.h"
#include "tokenizer/utf8.h"

namespace llmbox {

/// The text in another normal form; `options` are utf8proc's (COMPOSE or DECOMPOSE, COMPAT).
std::string unicode_form(std::string_view text, int options);
/// The same in place; where origins are tracked, character by character with its marks.
void unicode_form(EditedText& text, int options);

/// Lower case, each character by itself (no final sigma), as the reference does it.
void lower_case(EditedText& text);

/// Drops the characters for which drop(code point) holds.
template <typename Drop>
void drop_characters(EditedText& text, Drop&& drop) {
  text.rewrite([&](TextEdit& edit) {
    while (!edit.done()) {
      CodePoint c = read_code_point(edit.rest().data());
      if (drop(c.value)) {
        edit.drop(c.length);
      } else {
        edit.keep(c.length);
      }
    }
  });
}

}  // namespace llmbox
