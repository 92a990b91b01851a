// Vocabularies whose tokens mark the end of a word ("</w>", CLIP): the mark becomes a space, and the text loses the
// spaces at its two ends.
#include "tokenizer/decoder/decoder.h"
#include "tokenizer/unicode_class.h"
#include "tokenizer/utf8.h"

namespace llmbox {

namespace {

class WordEnd : public WholeTokenStage {
 public:
  explicit WordEnd(std::string suffix) : suffix_(std::move(suffix)) {}

 protected:
  void token(const std::string& whole) override {
    constexpr std::string_view kSpelledSpace = "Ġ";
    if (!whole.ends_with(suffix_)) return pass_token(whole);
    pass_token(whole.substr(0, whole.size() - suffix_.size()).append(kSpelledSpace));
  }

 private:
  std::string suffix_;
};

class Trim : public DecodeStage {
 public:
  void text(std::string_view part) override {
    for (size_t i = 0; i < part.size();) {
      CodePoint c = read_code_point(part.data() + i);
      std::string& to = is_unicode_space(c.value) ? held_ : settled_;
      if (&to == &settled_) {
        if (begun_) settled_ += held_;
        held_.clear();
        begun_ = true;
      }
      to += part.substr(i, c.length);
      i += c.length;
    }
    next().text(settled_);
    settled_.clear();
  }
  void end_token() override { next().end_token(); }
  void finish() override { next().finish(); }

 private:
  std::string held_;     // spaces that may be the last
  std::string settled_;  // of the part at hand
  bool begun_ = false;
};

}  // namespace

DecodeStageMaker make_word_end_decoder(const std::string& suffix) {
  return [=] { return std::make_unique<WordEnd>(suffix); };
}

DecodeStageMaker make_trim_decoder() {
  return [] { return std::make_unique<Trim>(); };
}

}  // namespace llmbox
