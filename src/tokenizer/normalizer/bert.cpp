// BertNormalizer: control characters out, every space plain, Chinese characters apart, accents and case dropped.
#include "tokenizer/normalizer/normalizer.h"
#include "tokenizer/normalizer/unicode_text.h"
#include "tokenizer/reference_class.h"
#include "tokenizer/unicode_class.h"

namespace llmbox {

namespace {

bool is_chinese(uint32_t c) {
  return (c >= 0x4E00 && c <= 0x9FFF) || (c >= 0x3400 && c <= 0x4DBF) || (c >= 0x20000 && c <= 0x2A6DF) ||
         (c >= 0x2A700 && c <= 0x2B73F) || (c >= 0x2B740 && c <= 0x2B81F) || (c >= 0x2B920 && c <= 0x2CEAF) ||
         (c >= 0xF900 && c <= 0xFAFF) || (c >= 0x2F800 && c <= 0x2FA1F);
}

bool is_dropped(uint32_t c) {
  if (c == '\t' || c == '\n' || c == '\r') return false;
  return c == 0 || c == 0xFFFD || is_reference_control(c);
}

class BertNormalizer : public Normalizer {
 public:
  explicit BertNormalizer(const Json& description)
      : clean_(description.value("clean_text", true)),
        space_chinese_(description.value("handle_chinese_chars", true)),
        lower_(description.value("lowercase", true)) {
    bool says = description.contains("strip_accents") && description["strip_accents"].is_boolean();
    strip_accents_ = says ? description["strip_accents"].get<bool>() : lower_;
  }

  void apply(EditedText& text) const override {
    if (clean_ || space_chinese_) {
      text.rewrite([&](TextEdit& edit) {
        while (!edit.done()) clean_character(edit);
      });
    }
    if (strip_accents_ && !is_ascii(text.text())) {
      unicode_form(text, UTF8PROC_DECOMPOSE);
      drop_characters(text, is_reference_nonspacing_mark);
    }
    if (lower_) lower_case(text);
  }

 private:
  void clean_character(TextEdit& edit) const {
    CodePoint c = read_code_point(edit.rest().data());
    if (clean_ && is_dropped(c.value)) return edit.drop(c.length);
    if (clean_ && is_unicode_space(c.value)) return edit.replace(c.length, " ");
    if (!space_chinese_ || !is_chinese(c.value)) return edit.keep(c.length);
    edit.insert(" ");
    edit.keep(c.length);
    edit.insert(" ");
  }

  bool clean_, space_chinese_, lower_, strip_accents_;
};

}  // namespace

NormalizerPtr make_bert_normalizer(const Json& description) { return std::make_unique<BertNormalizer>(description); }

}  // namespace llmbox
