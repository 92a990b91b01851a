// Split: cuts at the matches of a pattern, with one of the five behaviours.
#include "core/error.h"
#include "tokenizer/pattern.h"
#include "tokenizer/pre_tokenizer/pre_tokenizer.h"
#include "tokenizer/pre_tokenizer/scanner.h"
#include "tokenizer/pre_tokenizer/split_behavior.h"

namespace llmbox {

namespace {

// A known pattern covers the whole text, so Isolated needs no parts between the matches.
class ScannerSplit : public PreTokenizer {
 public:
  explicit ScannerSplit(Scanner scan) : scan_(scan) {}
  void apply(PreTokens& tokens) const override {
    tokens.cut_each([&](Span span, std::vector<Span>& words) { scan_(tokens.text, span, words); });
  }

 private:
  Scanner scan_;
};

class PatternSplit : public PreTokenizer {
 public:
  PatternSplit(Pattern pattern, SplitBehavior behavior, bool invert)
      : pattern_(std::move(pattern)), behavior_(behavior), invert_(invert) {}

  void apply(PreTokens& tokens) const override {
    std::vector<Span> matches;
    std::vector<SplitPart> parts;
    tokens.cut_each([&](Span span, std::vector<Span>& words) {
      std::string_view word = span.in(tokens.text);
      matches.clear();
      if (pattern_.may_match(word)) pattern_.find_all(word, matches);
      parts.clear();
      uint32_t done = 0;
      for (Span match : matches) {
        parts.push_back({{span.begin + done, span.begin + match.begin}, invert_});
        parts.push_back({{span.begin + match.begin, span.begin + match.end}, !invert_});
        done = match.end;
      }
      parts.push_back({{span.begin + done, span.end}, invert_});
      apply_split_behavior(behavior_, parts, words);
    });
  }

 private:
  Pattern pattern_;
  SplitBehavior behavior_;
  bool invert_;
};

}  // namespace

PreTokenizerPtr make_split_pre_tokenizer(const Json& description, bool) {
  if (!description.contains("pattern")) fail("tokenizer", "expected a pattern in Split, got {}", description.dump());
  SplitBehavior behavior = parse_split_behavior(description.value("behavior", "Isolated"));
  bool invert = description.value("invert", false);
  Pattern pattern(description["pattern"]);
  Scanner scanner = find_scanner(pattern.regex_text());
  // Every byte belongs to a match, so a plain Isolated and an inverted Removed both leave just the matches.
  if (scanner && behavior == (invert ? SplitBehavior::kRemoved : SplitBehavior::kIsolated))
    return std::make_unique<ScannerSplit>(scanner);
  return std::make_unique<PatternSplit>(std::move(pattern), behavior, invert);
}

}  // namespace llmbox
