// Lowercase and StripAccents.
#include "tokenizer/normalizer/normalizer.h"
#include "tokenizer/normalizer/unicode_text.h"
#include "tokenizer/unicode_class.h"

namespace llmbox {

namespace {

class Lowercase : public Normalizer {
 public:
  void apply(EditedText& text) const override { lower_case(text); }
};

class StripAccents : public Normalizer {
 public:
  void apply(EditedText& text) const override {
    drop_characters(text, [](uint32_t c) { return (unicode_flags(c) & kMark) != 0; });
  }
};

}  // namespace

NormalizerPtr make_case_and_accent_normalizer(const Json& description) {
  if (description.value("type", "") == "Lowercase") return std::make_unique<Lowercase>();
  return std::make_unique<StripAccents>();
}

}  // namespace llmbox
