// What a split does with its matches: the five behaviours of tokenizer.json.
#pragma once

#include <string_view>
#include <vector>

#include "tokenizer/span.h"

namespace llmbox {

enum class SplitBehavior { kRemoved, kIsolated, kMergedWithPrevious, kMergedWithNext, kContiguous };

/// Throws Error naming the behaviours for another name.
SplitBehavior parse_split_behavior(std::string_view name);

/// A part of a word, and whether the pattern matched it.
struct SplitPart {
  Span span;
  bool is_match;
};

/// Appends the words that `parts` (which cover a word in order) become.
void apply_split_behavior(SplitBehavior behavior, std::vector<SplitPart>& parts, std::vector<Span>& words);

}  // namespace llmbox
