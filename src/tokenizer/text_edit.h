// Rewriting of text that remembers, where that is wanted, which bytes of the original each byte of the new text stands
// for. Normalizers and pre-tokenizers write through a TextEdit, so that one implementation gives ids and offsets alike.
// An EditedText and its edits belong to one thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "tokenizer/span.h"

namespace llmbox {

/// For each byte of a text, the bytes of the original that it stands for (empty: inserted before that place).
using Origins = std::vector<Span>;

/// One pass over a source text, front to back: each step consumes source bytes and writes their new form.
class TextEdit {
 public:
  /// `from` and `to` are both null where origins are not wanted.
  TextEdit(std::string_view source, const Span* from, std::string& out, Origins* to)
      : source_(source), from_(from), out_(out), to_(to) {}

  std::string_view rest() const { return source_.substr(at_); }
  bool done() const { return at_ == source_.size(); }
  bool tracked() const { return to_ != nullptr; }

  void keep(size_t n) {
    out_.append(source_, at_, n);
    if (to_) to_->insert(to_->end(), from_ + at_, from_ + at_ + n);
    at_ += n;
  }
  /// n source bytes become `with`: n = 0 inserts, an empty `with` deletes.
  void replace(size_t n, std::string_view with) {
    if (to_) to_->insert(to_->end(), with.size(), origin(n));
    out_ += with;
    at_ += n;
  }
  void drop(size_t n) { at_ += n; }
  void insert(std::string_view text) { replace(0, text); }
  void keep_rest() { keep(source_.size() - at_); }
  /// Takes back the last n bytes written.
  void unwrite(size_t n) {
    out_.resize(out_.size() - n);
    if (to_) to_->resize(to_->size() - n);
  }
  std::string_view written() const { return out_; }

 private:
  Span origin(size_t n) const {
    if (n > 0) return {from_[at_].begin, from_[at_ + n - 1].end};
    if (at_ < source_.size()) return {from_[at_].begin, from_[at_].begin};
    if (at_ > 0) return {from_[at_ - 1].end, from_[at_ - 1].end};
    return {0, 0};
  }

  std::string_view source_;
  const Span* from_;
  std::string& out_;
  Origins* to_;
  size_t at_ = 0;
};

class EditedText {
 public:
  /// Begins anew. `origins` of the text's bytes is null where they are not wanted.
  void reset(std::string_view text, const Span* origins) {
    text_ = text;
    tracked_ = origins != nullptr;
    origins_.assign(origins, origins + (origins ? text.size() : 0));
  }

  const std::string& text() const { return text_; }
  bool tracked() const { return tracked_; }
  const Origins& origins() const { return origins_; }

  /// rewrite(TextEdit&) writes the whole new text.
  template <typename Rewrite>
  void rewrite(Rewrite&& rewrite) {
    next_text_.clear();
    next_origins_.clear();
    TextEdit edit(text_, origins_.data(), next_text_, tracked_ ? &next_origins_ : nullptr);
    rewrite(edit);
    text_.swap(next_text_);
    origins_.swap(next_origins_);
  }

  /// The new text as a whole, of which no origins are known. Requires: not tracked.
  void assign(std::string text) { text_ = std::move(text); }

 private:
  std::string text_, next_text_;
  Origins origins_, next_origins_;
  bool tracked_ = false;
};

}  // namespace llmbox
