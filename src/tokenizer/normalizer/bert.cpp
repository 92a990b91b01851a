// BertNormalizer: control characters out, every space plain, Chinese characters apart, accents and case dropped.
#include "tokenizer/normalizer/normalizer.h"
#include "tokenizer/normalizer/unicode_text.h"
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
  return c == 0 || c == 0xFFFD || (unicode_flags(c) & kControl);
}

class Bert : public Normalizer {
 public:
  explicit Bert(const Json& description)
      : clean_(description.value("clean_text", true)),
        space_chinese_(description.value("handle_chinese_chars", true)),
        lower_(description.value("lowercase", true)) {
    bool says = description.contains("strip_accents") && description["strip_accents"].is_boolean();
    strip_accents_ = says ? description["strip_accents"].get<bool>() : lower_;
  }

  void apply(std::string& text) const override {
    std::string out;
    for (size_t i = 0; i < text.size();) {
      CodePoint c = read_code_point(text.data() + i);
      append(std::string_view(text).substr(i, c.length), c.value, out);
      i += c.length;
    }
    if (strip_accents_) {
      out = filter_characters(unicode_form(out, UTF8PROC_DECOMPOSE), [](uint32_t c) {
        return utf8proc_category(static_cast<utf8proc_int32_t>(c)) != UTF8PROC_CATEGORY_MN;
      });
    }
    text = lower_ ? lower_case(out) : out;
  }

 private:
  void append(std::string_view character, uint32_t code_point, std::string& out) const {
    if (clean_ && is_dropped(code_point)) return;
    if (clean_ && is_unicode_space(code_point)) {
      out += ' ';
    } else if (space_chinese_ && is_chinese(code_point)) {
      out += ' ';
      out += character;
      out += ' ';
    } else {
      out += character;
    }
  }

  bool clean_, space_chinese_, lower_, strip_accents_;
};

}  // namespace

NormalizerPtr make_bert_normalizer(const Json& description) { return std::make_unique<Bert>(description); }

}  // namespace llmbox
