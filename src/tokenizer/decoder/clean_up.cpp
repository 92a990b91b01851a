// clean_up_tokenization_spaces: the spaces that English does not write before punctuation and contractions are dropped.
#include "tokenizer/decoder/decoder.h"

namespace llmbox {

namespace {

struct CleanUpRow {
  std::string_view from, to;
};

constexpr CleanUpRow kCleanUps[] = {
    {" .", "."},     {" ?", "?"},   {" !", "!"},   {" ,", ","},     {" ' ", "'"},
    {" n't", "n't"}, {" 'm", "'m"}, {" 's", "'s"}, {" 've", "'ve"}, {" 're", "'re"},
};
constexpr size_t kLongestFrom = 4;

// A rule begins with a space and is at most 4 long: where 4 characters without a space have passed, what follows cannot
// change them.
class CleanUp : public DecodeStage {
 public:
  void text(std::string_view part) override {
    pending_ += part;
    size_t end = pending_.size();
    for (size_t run = 0; end > 0; --end) {
      run = pending_[end - 1] == ' ' ? 0 : run + 1;
      if (run == kLongestFrom) break;
    }
    if (end == 0) return;
    end += kLongestFrom - 1;
    next().text(clean_up_spaces(pending_.substr(0, end)));
    pending_.erase(0, end);
  }
  void end_token() override {}
  void finish() override {
    next().text(clean_up_spaces(pending_));
    next().end_token();
    next().finish();
  }

 private:
  std::string pending_;
};

}  // namespace

std::string clean_up_spaces(std::string text) {
  for (const CleanUpRow& row : kCleanUps)
    for (size_t at = 0; (at = text.find(row.from, at)) != std::string::npos; at += row.to.size())
      text.replace(at, row.from.size(), row.to);
  return text;
}

DecodeStagePtr make_clean_up_stage() { return std::make_unique<CleanUp>(); }

}  // namespace llmbox
