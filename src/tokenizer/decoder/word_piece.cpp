// WordPiece: tokens are words, but those with the continuing prefix go on with the one before.
#include "tokenizer/decoder/decoder.h"

namespace llmbox {

namespace {

class WordPieceDecoder : public WholeTokenStage {
 public:
  WordPieceDecoder(std::string prefix, bool clean_up) : prefix_(std::move(prefix)), clean_up_(clean_up) {}

 protected:
  void token(const std::string& whole) override {
    std::string word = whole;
    if (!first_) word = whole.starts_with(prefix_) ? whole.substr(prefix_.size()) : " " + whole;
    first_ = false;
    pass_token(clean_up_ ? clean_up_spaces(std::move(word)) : word);
  }

 private:
  std::string prefix_;
  bool clean_up_;
  bool first_ = true;
};

}  // namespace

DecodeStageMaker make_word_piece_decoder(const Json& description) {
  std::string prefix = description.value("prefix", "##");
  bool clean_up = description.value("cleanup", true);
  return [=] { return std::make_unique<WordPieceDecoder>(prefix, clean_up); };
}

}  // namespace llmbox
