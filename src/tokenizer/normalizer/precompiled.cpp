// Precompiled: SentencePiece's character map, applied as the tokenizers library does it: by grapheme where one is
// short, else by character.
#include "core/base64.h"
#include "core/error.h"
#include "tokenizer/charsmap.h"
#include "tokenizer/normalizer/normalizer.h"
#include "tokenizer/normalizer/unicode_text.h"

namespace llmbox {

namespace {

constexpr size_t kLongestGrapheme = 5;  // bytes; longer ones go by character

// Bytes of the grapheme cluster at the front.
size_t grapheme_length(std::string_view text) {
  CodePoint previous = read_code_point(text.data());
  size_t end = previous.length;
  utf8proc_int32_t state = 0;
  while (end < text.size()) {
    CodePoint c = read_code_point(text.data() + end);
    if (utf8proc_grapheme_break_stateful(static_cast<utf8proc_int32_t>(previous.value),
                                         static_cast<utf8proc_int32_t>(c.value), &state))
      break;
    end += c.length;
    previous = c;
  }
  return end;
}

class Precompiled : public Normalizer {
 public:
  explicit Precompiled(std::string_view blob) : map_(blob) {}

  void apply(EditedText& text) const override {
    text.rewrite([&](TextEdit& edit) {
      while (!edit.done()) {
        size_t plain = plain_prefix(edit.rest());
        edit.keep(plain);
        if (!edit.done()) grapheme(edit);
      }
    });
  }
  bool may_change(std::string_view text) const override { return plain_prefix(text) < text.size(); }

 private:
  size_t plain_prefix(std::string_view text) const {
    size_t i = 0;
    while (i < text.size() && text[i] != '\r' && map_.is_plain_ascii(text.substr(i))) ++i;
    return i;
  }

  void grapheme(TextEdit& edit) const {
    size_t length = grapheme_length(edit.rest());
    if (length <= kLongestGrapheme) {
      if (auto match = map_.shortest(edit.rest().substr(0, length))) return edit.replace(length, match->value);
    }
    while (length > 0) {
      size_t character = read_code_point(edit.rest().data()).length;
      length -= character;
      if (auto match = map_.shortest(edit.rest().substr(0, character))) {
        edit.replace(character, match->value);
      } else {
        edit.keep(character);
      }
    }
  }

  Charsmap map_;
};

}  // namespace

NormalizerPtr make_precompiled_normalizer(const Json& description) {
  std::string text = description.contains("precompiled_charsmap") && description["precompiled_charsmap"].is_string()
                         ? description["precompiled_charsmap"].get<std::string>()
                         : "";
  std::optional<std::string> blob = from_base64(text);
  if (!blob) fail("tokenizer", "expected precompiled_charsmap in base64, got other text; try the original file");
  return std::make_unique<Precompiled>(*blob);
}

}  // namespace llmbox
