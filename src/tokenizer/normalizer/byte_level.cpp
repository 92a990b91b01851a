// ByteLevel as a normalizer: every byte in its spelling.
#include "tokenizer/byte_alphabet.h"
#include "tokenizer/normalizer/normalizer.h"

namespace llmbox {

namespace {

class ByteLevelNormalizer : public Normalizer {
 public:
  void apply(EditedText& text) const override {
    text.rewrite([](TextEdit& edit) {
      while (!edit.done()) edit.replace(1, to_byte_alphabet(edit.rest().substr(0, 1)));
    });
  }
};

}  // namespace

NormalizerPtr make_byte_level_normalizer(const Json&) { return std::make_unique<ByteLevelNormalizer>(); }

}  // namespace llmbox
