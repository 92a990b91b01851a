// ByteLevel as a normalizer: every byte in its spelling.
#include "tokenizer/byte_alphabet.h"
#include "tokenizer/normalizer/normalizer.h"

namespace llmbox {

namespace {

class ByteLevel : public Normalizer {
 public:
  void apply(std::string& text) const override { text = to_byte_alphabet(text); }
};

}  // namespace

NormalizerPtr make_byte_level_normalizer(const Json&) { return std::make_unique<ByteLevel>(); }

}  // namespace llmbox
