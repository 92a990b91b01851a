// WordLevel: each word is a token or unknown.
#include "core/error.h"
#include "tokenizer/model/token_model.h"

namespace llmbox {

namespace {

class WordLevel : public TokenModel {
 public:
  explicit WordLevel(ModelDescription description) : vocabulary_(std::move(description.vocabulary)) {
    if (vocabulary_.size() == 0) fail("tokenizer", "expected a vocabulary in the WordLevel model, got none");
    unknown_ = vocabulary_.find(text_option(description.options, "unk_token", "<unk>"));
  }

  void encode(std::string_view text, std::span<const Span> words, TokenSink& out) const override {
    for (Span word : words) {
      std::optional<int32_t> id = vocabulary_.find(word.in(text));
      if (!id) id = unknown_;
      if (id) out.add(*id, word.begin, word.end);
    }
  }
  const StringTable& vocabulary() const override { return vocabulary_; }

 private:
  StringTable vocabulary_;
  std::optional<int32_t> unknown_;
};

}  // namespace

TokenModelPtr make_word_level_model(ModelDescription description) {
  return std::make_unique<WordLevel>(std::move(description));
}

}  // namespace llmbox
