#include "tokenizer/normalizer/unicode_text.h"

#include <cstdlib>

#include "core/error.h"
#include "tokenizer/unicode_class.h"

namespace llmbox {

std::string unicode_form(std::string_view text, int options) {
  utf8proc_uint8_t* made = nullptr;
  utf8proc_ssize_t size =
      utf8proc_map(reinterpret_cast<const utf8proc_uint8_t*>(text.data()), static_cast<utf8proc_ssize_t>(text.size()),
                   &made, static_cast<utf8proc_option_t>(UTF8PROC_STABLE | options));
  CHECK(size >= 0, "utf8proc: {}", utf8proc_errmsg(size));
  std::string form(reinterpret_cast<const char*>(made), static_cast<size_t>(size));
  std::free(made);
  return form;
}

namespace {

// Whether the character joins the one before it in some normal form: marks, and the inner letters of Hangul syllables.
bool joins_previous(uint32_t c) {
  return (unicode_flags(c) & kMark) || (c >= 0x1160 && c <= 0x11FF) || (c >= 0xD7B0 && c <= 0xD7FF);
}

// Bytes of the character at the front with all that joins it.
size_t joined_length(std::string_view text) {
  size_t end = read_code_point(text.data()).length;
  while (end < text.size()) {
    CodePoint c = read_code_point(text.data() + end);
    if (!joins_previous(c.value)) break;
    end += c.length;
  }
  return end;
}

void lower_character(TextEdit& edit) {
  constexpr uint32_t kCapitalDottedI = 0x130;  // the one character whose lower case is two
  CodePoint c = read_code_point(edit.rest().data());
  if (c.value == kCapitalDottedI) return edit.replace(c.length, "i\xCC\x87");
  auto lower = static_cast<uint32_t>(utf8proc_tolower(static_cast<utf8proc_int32_t>(c.value)));
  if (lower == c.value) return edit.keep(c.length);
  char bytes[4];
  edit.replace(c.length, {bytes, write_code_point(bytes, lower)});
}

}  // namespace

void unicode_form(EditedText& text, int options) {
  if (!text.tracked()) return text.assign(unicode_form(text.text(), options));
  text.rewrite([&](TextEdit& edit) {
    while (!edit.done()) {
      size_t length = joined_length(edit.rest());
      std::string_view part = edit.rest().substr(0, length);
      std::string form = unicode_form(part, options);
      if (form == part) {
        edit.keep(length);
      } else {
        edit.replace(length, form);
      }
    }
  });
}

void lower_case(EditedText& text) {
  text.rewrite([](TextEdit& edit) {
    while (!edit.done()) lower_character(edit);
  });
}

}  // namespace llmbox
