// Replace: every match of a pattern within a token becomes a fixed text.
#include "core/error.h"
#include "tokenizer/decoder/decoder.h"
#include "tokenizer/pattern.h"

namespace llmbox {

namespace {

class ReplaceDecoder : public WholeTokenStage {
 public:
  ReplaceDecoder(std::shared_ptr<const Pattern> pattern, std::string content)
      : pattern_(std::move(pattern)), content_(std::move(content)) {}

 protected:
  void token(const std::string& whole) override {
    if (pattern_->may_match(whole)) {
      pass_token(pattern_->replace_all(whole, content_));
    } else {
      pass_token(whole);
    }
  }

 private:
  std::shared_ptr<const Pattern> pattern_;
  std::string content_;
};

}  // namespace

DecodeStageMaker make_replace_decoder(const Json& description) {
  if (!description.contains("pattern")) fail("tokenizer", "expected a pattern in Replace, got {}", description.dump());
  auto pattern = std::make_shared<const Pattern>(description["pattern"]);
  std::string content = description.value("content", "");
  return [=] { return std::make_unique<ReplaceDecoder>(pattern, content); };
}

}  // namespace llmbox
