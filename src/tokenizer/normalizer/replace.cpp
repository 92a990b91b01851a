// Replace: every match of a pattern becomes a fixed text.
#include "core/error.h"
#include "tokenizer/normalizer/normalizer.h"
#include "tokenizer/pattern.h"

namespace llmbox {

namespace {

class Replace : public Normalizer {
 public:
  Replace(Pattern pattern, std::string content) : pattern_(std::move(pattern)), content_(std::move(content)) {}
  void apply(EditedText& text) const override {
    if (!pattern_.may_match(text.text())) return;
    text.rewrite([&](TextEdit& edit) {
      std::vector<Span> matches;
      pattern_.find_all(edit.rest(), matches);
      uint32_t done = 0;
      for (Span match : matches) {
        edit.keep(match.begin - done);
        edit.replace(match.size(), content_);
        done = match.end;
      }
      edit.keep_rest();
    });
  }
  bool may_change(std::string_view text) const override { return pattern_.may_match(text); }

 private:
  Pattern pattern_;
  std::string content_;
};

}  // namespace

NormalizerPtr make_replace_normalizer(const Json& description) {
  if (!description.contains("pattern")) fail("tokenizer", "expected a pattern in Replace, got {}", description.dump());
  return std::make_unique<Replace>(Pattern(description["pattern"]), description.value("content", ""));
}

}  // namespace llmbox
