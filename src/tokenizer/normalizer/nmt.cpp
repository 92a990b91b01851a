// Nmt: the clean-up of SentencePiece's nmt rules: control characters out, odd spaces plain.
#include "tokenizer/normalizer/normalizer.h"
#include "tokenizer/utf8.h"

namespace llmbox {

namespace {

bool is_dropped_by_nmt(uint32_t c) {
  return (c >= 0x01 && c <= 0x08) || c == 0x0B || (c >= 0x0E && c <= 0x1F) || c == 0x7F || c == 0x8F || c == 0x9F;
}

bool is_odd_space(uint32_t c) {
  return c == 0x09 || c == 0x0A || c == 0x0C || c == 0x0D || c == 0x1680 || (c >= 0x200B && c <= 0x200F) ||
         c == 0x2028 || c == 0x2029 || c == 0x2581 || c == 0xFEFF || c == 0xFFFD;
}

class Nmt : public Normalizer {
 public:
  void apply(EditedText& text) const override {
    text.rewrite([](TextEdit& edit) {
      while (!edit.done()) {
        CodePoint c = read_code_point(edit.rest().data());
        if (is_odd_space(c.value)) {
          edit.replace(c.length, " ");
        } else if (is_dropped_by_nmt(c.value)) {
          edit.drop(c.length);
        } else {
          edit.keep(c.length);
        }
      }
    });
  }
};

}  // namespace

NormalizerPtr make_nmt_normalizer(const Json&) { return std::make_unique<Nmt>(); }

}  // namespace llmbox
