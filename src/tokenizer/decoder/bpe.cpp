// BPEDecoder: the mark at the end of a word becomes a space, in the last token nothing.
#include <optional>

#include "tokenizer/decoder/decoder.h"

namespace llmbox {

namespace {

class BpeDecoder : public WholeTokenStage {
 public:
  explicit BpeDecoder(std::string suffix) : suffix_(std::move(suffix)) {}
  void finish() override {
    if (held_) pass(*held_, "");
    next().finish();
  }

 protected:
  void token(const std::string& whole) override {
    if (held_) pass(*held_, " ");
    held_ = whole;
  }

 private:
  void pass(std::string token, std::string_view mark) {
    if (!suffix_.empty())
      for (size_t at = 0; (at = token.find(suffix_, at)) != std::string::npos; at += mark.size())
        token.replace(at, suffix_.size(), mark);
    pass_token(token);
  }

  std::string suffix_;
  std::optional<std::string> held_;
};

}  // namespace

DecodeStageMaker make_bpe_decoder(const Json& description) {
  std::string suffix = description.value("suffix", "</w>");
  return [=] { return std::make_unique<BpeDecoder>(suffix); };
}

}  // namespace llmbox
