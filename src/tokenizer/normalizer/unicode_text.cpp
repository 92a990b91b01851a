#include "tokenizer/normalizer/unicode_text.h"

#include <cstdlib>

#include "core/error.h"

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

std::string lower_case(std::string_view text) {
  constexpr uint32_t kCapitalDottedI = 0x130;  // the one character whose lower case is two
  std::string lower;
  lower.reserve(text.size());
  for (size_t i = 0; i < text.size();) {
    CodePoint c = read_code_point(text.data() + i);
    if (c.value == kCapitalDottedI) {
      lower += "i\xCC\x87";
    } else {
      append_code_point(lower, static_cast<uint32_t>(utf8proc_tolower(static_cast<utf8proc_int32_t>(c.value))));
    }
    i += c.length;
  }
  return lower;
}

}  // namespace llmbox
