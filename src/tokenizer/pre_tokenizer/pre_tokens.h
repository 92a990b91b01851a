// The text between normalization and the model, cut into words. A stage either cuts spans further (no copy) or rewrites
// the text of every span. One PreTokens is reused over many texts, so that steady encoding allocates nothing.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "tokenizer/text_edit.h"

namespace llmbox {

struct PreTokens {
  std::string_view text;      // the caller's bytes, or storage
  std::vector<Span> spans;    // ordered, not empty
  bool at_text_start = true;  // whether the first span begins the whole input
  bool spelled = false;       // words are spelled in the byte alphabet (a ByteLevel stage has run)

  /// `origins`, of whole's bytes, is null where offsets are not wanted.
  void reset(std::string_view whole, bool starts_text, const Span* origins = nullptr) {
    text = whole;
    at_text_start = starts_text;
    spelled = false;
    origins_ = origins;
    spans.clear();
    if (!whole.empty()) spans.push_back({0, static_cast<uint32_t>(whole.size())});
  }

  /// Of the text's bytes; null where offsets are not wanted.
  const Span* origins() const { return origins_; }

  /// cut(word, begin, out) appends the parts of one word to out, as spans of the text; empty parts are dropped.
  template <typename Cut>
  void cut_each(Cut&& cut) {
    scratch_.clear();
    for (Span span : spans) cut(span, scratch_);
    spans.swap(scratch_);
  }

  /// rewrite(edit, index) writes the new form of one word.
  template <typename Rewrite>
  void rewrite_each(Rewrite&& rewrite) {
    rewritten_.clear();
    rewritten_origins_.clear();
    size_t index = 0;
    for (Span& span : spans) {
      auto begin = static_cast<uint32_t>(rewritten_.size());
      const Span* from = origins_ ? origins_ + span.begin : nullptr;
      TextEdit edit(span.in(text), from, rewritten_, origins_ ? &rewritten_origins_ : nullptr);
      rewrite(edit, index++);
      span = {begin, static_cast<uint32_t>(rewritten_.size())};
    }
    storage_.swap(rewritten_);
    storage_origins_.swap(rewritten_origins_);
    text = storage_;
    if (origins_) origins_ = storage_origins_.data();
    std::erase_if(spans, [](Span span) { return span.size() == 0; });
  }

 private:
  const Span* origins_ = nullptr;
  std::string storage_, rewritten_;
  Origins storage_origins_, rewritten_origins_;
  std::vector<Span> scratch_;
};

}  // namespace llmbox
