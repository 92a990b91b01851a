// ByteLevel: spelled bytes to bytes, bytes to text; what is not UTF-8 becomes U+FFFD.
#include "tokenizer/byte_alphabet.h"
#include "tokenizer/decoder/decoder.h"
#include "tokenizer/utf8.h"

namespace llmbox {

namespace {

class ByteLevelDecoder : public WholeTokenStage {
 public:
  void finish() override {
    if (!pending_.empty()) next().text(kReplacementCharacter);
    next().end_token();
    next().finish();
  }

 protected:
  void token(const std::string& whole) override {
    pending_ += from_byte_alphabet(whole).value_or(whole);
    std::string_view rest = pending_;
    std::string settled;
    while (!rest.empty()) {
      Utf8Front front = utf8_front(rest);
      if (!front.complete && !front.broken) break;
      settled += front.complete ? rest.substr(0, front.length) : kReplacementCharacter;
      rest.remove_prefix(front.length);
    }
    pending_ = std::string(rest);
    if (!settled.empty()) next().text(settled);
  }

 private:
  std::string pending_;  // the beginning of a character
};

}  // namespace

DecodeStageMaker make_byte_level_decoder(const Json&) {
  return [] { return std::make_unique<ByteLevelDecoder>(); };
}

}  // namespace llmbox
