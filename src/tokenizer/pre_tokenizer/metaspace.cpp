// Metaspace: spaces become a visible character (U+2581), which may also be put in front, and words begin with it.
#include <string>

#include "core/error.h"
#include "tokenizer/pre_tokenizer/pre_tokenizer.h"
#include "tokenizer/pre_tokenizer/split_behavior.h"

namespace llmbox {

namespace {

enum class Prepend { kAlways, kFirst, kNever };

class Metaspace : public PreTokenizer {
 public:
  Metaspace(std::string replacement, Prepend prepend, bool split)
      : replacement_(std::move(replacement)), prepend_(prepend), split_(split) {}

  void apply(PreTokens& tokens) const override {
    tokens.rewrite_each([&](TextEdit& edit, size_t index) {
      bool first = index == 0 && tokens.at_text_start;
      bool wanted = prepend_ == Prepend::kAlways || (prepend_ == Prepend::kFirst && first);
      if (wanted && edit.rest()[0] != ' ' && !edit.rest().starts_with(replacement_)) edit.insert(replacement_);
      while (!edit.done()) {
        edit.keep(std::min(edit.rest().find(' '), edit.rest().size()));
        if (!edit.done()) edit.replace(1, replacement_);
      }
    });
    if (split_) tokens.cut_each([&](Span span, std::vector<Span>& words) { cut(tokens.text, span, words); });
  }

 private:
  // The reference's MergedWithNext: a run of replacements leaves all but its last one as words of their own.
  void cut(std::string_view text, Span span, std::vector<Span>& words) const {
    std::vector<SplitPart> parts;
    std::string_view word = span.in(text);
    size_t done = 0;
    for (size_t at; (at = word.find(replacement_, done)) != std::string_view::npos;) {
      parts.push_back({{span.begin + static_cast<uint32_t>(done), span.begin + static_cast<uint32_t>(at)}, false});
      done = at + replacement_.size();
      parts.push_back({{span.begin + static_cast<uint32_t>(at), span.begin + static_cast<uint32_t>(done)}, true});
    }
    parts.push_back({{span.begin + static_cast<uint32_t>(done), span.end}, false});
    apply_split_behavior(SplitBehavior::kMergedWithNext, parts, words);
  }

  std::string replacement_;
  Prepend prepend_;
  bool split_;
};

Prepend parse_prepend(const Json& description) {
  if (!description.contains("prepend_scheme"))
    return description.value("add_prefix_space", true) ? Prepend::kAlways : Prepend::kNever;
  std::string scheme = description["prepend_scheme"].get<std::string>();
  if (scheme == "always") return Prepend::kAlways;
  if (scheme == "first") return Prepend::kFirst;
  if (scheme == "never") return Prepend::kNever;
  fail("tokenizer", "expected a prepend_scheme, got '{}'; try always, first or never", scheme);
}

}  // namespace

PreTokenizerPtr make_metaspace_pre_tokenizer(const Json& description, bool) {
  return std::make_unique<Metaspace>(description.value("replacement", "▁"), parse_prepend(description),
                                     description.value("split", true));
}

}  // namespace llmbox
