// The splits that look at the class of single characters: Digits, Punctuation, Whitespace, WhitespaceSplit,
// BertPreTokenizer, CharDelimiterSplit.
#include <string>

#include "core/error.h"
#include "tokenizer/pre_tokenizer/pre_tokenizer.h"
#include "tokenizer/pre_tokenizer/split_behavior.h"
#include "tokenizer/reference_class.h"
#include "tokenizer/unicode_class.h"
#include "tokenizer/utf8.h"

namespace llmbox {

namespace {

bool is_number(uint32_t c) { return unicode_flags(c) & kNumber; }

// Cuts at each character for which `test` holds, or at each run of them.
template <typename Test>
class ClassSplit : public PreTokenizer {
 public:
  ClassSplit(Test test, SplitBehavior behavior) : test_(test), behavior_(behavior) {}

  void apply(PreTokens& tokens) const override {
    std::vector<SplitPart> parts;
    tokens.cut_each([&](Span span, std::vector<Span>& words) {
      parts.clear();
      uint32_t begin = span.begin;
      for (uint32_t i = span.begin; i < span.end;) {
        CodePoint c = read_code_point(tokens.text.data() + i);
        if (test_(c.value)) {
          parts.push_back({{begin, i}, false});
          parts.push_back({{i, i + c.length}, true});
          begin = i + c.length;
        }
        i += c.length;
      }
      parts.push_back({{begin, span.end}, false});
      apply_split_behavior(behavior_, parts, words);
    });
  }

 private:
  Test test_;
  SplitBehavior behavior_;
};

template <typename Test>
PreTokenizerPtr make_class_split(Test test, SplitBehavior behavior) {
  return std::make_unique<ClassSplit<Test>>(test, behavior);
}

// Whitespace: \w+|[^\w\s]+, the matches kept.
class WordsAndOthers : public PreTokenizer {
 public:
  void apply(PreTokens& tokens) const override {
    tokens.cut_each([&](Span span, std::vector<Span>& words) {
      int previous = kGap;
      for (uint32_t i = span.begin; i < span.end;) {
        CodePoint c = read_code_point(tokens.text.data() + i);
        int kind = is_unicode_space(c.value) ? kGap : is_unicode_word(c.value) ? kWord : kOther;
        if (kind != kGap && kind != previous) words.push_back({i, i});
        if (kind != kGap) words.back().end = i + c.length;
        previous = kind;
        i += c.length;
      }
    });
  }

 private:
  enum { kGap, kWord, kOther };
};

class BertWords : public PreTokenizer {
 public:
  void apply(PreTokens& tokens) const override {
    spaces_->apply(tokens);
    punctuation_->apply(tokens);
  }

 private:
  PreTokenizerPtr spaces_ = make_class_split(is_unicode_space, SplitBehavior::kRemoved);
  PreTokenizerPtr punctuation_ = make_class_split(is_reference_punctuation, SplitBehavior::kIsolated);
};

PreTokenizerPtr make_delimiter_split(const std::string& delimiter) {
  if (delimiter.empty()) fail("tokenizer", "expected a delimiter in CharDelimiterSplit, got an empty string");
  uint32_t wanted = read_code_point(delimiter.data()).value;
  return make_class_split([wanted](uint32_t c) { return c == wanted; }, SplitBehavior::kRemoved);
}

}  // namespace

PreTokenizerPtr make_character_class_pre_tokenizer(const Json& description, bool) {
  std::string type = description.value("type", "");
  if (type == "Digits") {
    bool single = description.value("individual_digits", false);
    return make_class_split(is_number, single ? SplitBehavior::kIsolated : SplitBehavior::kContiguous);
  }
  if (type == "Punctuation")
    return make_class_split(is_reference_punctuation, parse_split_behavior(description.value("behavior", "Isolated")));
  if (type == "WhitespaceSplit") return make_class_split(is_unicode_space, SplitBehavior::kRemoved);
  if (type == "CharDelimiterSplit") return make_delimiter_split(description.value("delimiter", ""));
  if (type == "BertPreTokenizer") return std::make_unique<BertWords>();
  CHECK(type == "Whitespace", "type {}", type);
  return std::make_unique<WordsAndOthers>();
}

}  // namespace llmbox
