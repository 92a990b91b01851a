// ByteFallback: a run of <0xXX> tokens becomes its text, or one U+FFFD a byte where the whole run is not UTF-8.
#include <charconv>
#include <optional>

#include "tokenizer/decoder/decoder.h"
#include "tokenizer/utf8.h"

namespace llmbox {

namespace {

std::optional<char> spelled_byte(std::string_view token) {
  if (token.size() != 6 || !token.starts_with("<0x") || token.back() != '>') return std::nullopt;
  unsigned value = 0;
  auto [end, error] = std::from_chars(token.data() + 3, token.data() + 5, value, 16);
  if (error != std::errc() || end != token.data() + 5) return std::nullopt;
  return static_cast<char>(value);
}

class ByteFallback : public WholeTokenStage {
 public:
  void finish() override {
    flush();
    next().finish();
  }

 protected:
  void token(const std::string& whole) override {
    if (std::optional<char> byte = spelled_byte(whole)) {
      run_ += *byte;
      return;
    }
    flush();
    pass_token(whole);
  }

 private:
  void flush() {
    if (is_valid_utf8(run_)) {
      if (!run_.empty()) pass_token(run_);
    } else {
      for (size_t i = 0; i < run_.size(); ++i) pass_token(kReplacementCharacter);
    }
    run_.clear();
  }

  std::string run_;
};

}  // namespace

DecodeStageMaker make_byte_fallback_decoder(const Json&) {
  return [] { return std::make_unique<ByteFallback>(); };
}

}  // namespace llmbox
