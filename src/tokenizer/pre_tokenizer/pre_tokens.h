// The text between normalization and the model, cut into words. A stage either cuts spans further (no copy) or rewrites
// the text of every span. One PreTokens is reused over many texts, so that steady encoding allocates nothing.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "tokenizer/span.h"

namespace llmbox {

struct PreTokens {
  std::string_view text;      // the caller's bytes, or storage
  std::vector<Span> spans;    // ordered, not empty
  bool at_text_start = true;  // whether the first span begins the whole input
  bool spelled = false;       // words are spelled in the byte alphabet (a ByteLevel stage has run)

  void reset(std::string_view whole, bool starts_text) {
    text = whole;
    at_text_start = starts_text;
    spelled = false;
    spans.clear();
    if (!whole.empty()) spans.push_back({0, static_cast<uint32_t>(whole.size())});
  }

  /// cut(word, begin, out) appends the parts of one word to out, as spans of the text; empty parts are dropped.
  template <typename Cut>
  void cut_each(Cut&& cut) {
    scratch_.clear();
    for (Span span : spans) cut(span, scratch_);
    spans.swap(scratch_);
  }

  /// rewrite(word, index, out) appends the new form of one word to out.
  template <typename Rewrite>
  void rewrite_each(Rewrite&& rewrite) {
    rewritten_.clear();
    size_t index = 0;
    for (Span& span : spans) {
      auto begin = static_cast<uint32_t>(rewritten_.size());
      rewrite(span.in(text), index++, rewritten_);
      span = {begin, static_cast<uint32_t>(rewritten_.size())};
    }
    storage_.swap(rewritten_);
    text = storage_;
    std::erase_if(spans, [](Span span) { return span.size() == 0; });
  }

 private:
  std::string storage_, rewritten_;
  std::vector<Span> scratch_;
};

}  // namespace llmbox
