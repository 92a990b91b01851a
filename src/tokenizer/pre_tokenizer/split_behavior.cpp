#include "tokenizer/pre_tokenizer/split_behavior.h"

#include <algorithm>

#include "core/error.h"

namespace llmbox {

namespace {

struct BehaviorRow {
  std::string_view name;
  SplitBehavior behavior;
};

constexpr BehaviorRow kBehaviors[] = {
    {"Removed", SplitBehavior::kRemoved},
    {"Isolated", SplitBehavior::kIsolated},
    {"MergedWithPrevious", SplitBehavior::kMergedWithPrevious},
    {"MergedWithNext", SplitBehavior::kMergedWithNext},
    {"Contiguous", SplitBehavior::kContiguous},
};

// Joins a match to the part before it, unless that part is a match too.
void merge_with_previous(const std::vector<SplitPart>& parts, std::vector<Span>& words) {
  bool previous_match = true;
  for (const SplitPart& part : parts) {
    if (part.is_match && !previous_match) {
      words.back().end = part.span.end;
    } else {
      words.push_back(part.span);
    }
    previous_match = part.is_match;
  }
}

// The mirror image, from the end.
void merge_with_next(const std::vector<SplitPart>& parts, std::vector<Span>& words) {
  size_t first = words.size();
  bool next_match = true;
  for (auto part = parts.rbegin(); part != parts.rend(); ++part) {
    if (part->is_match && !next_match) {
      words.back().begin = part->span.begin;
    } else {
      words.push_back(part->span);
    }
    next_match = part->is_match;
  }
  std::reverse(words.begin() + static_cast<ptrdiff_t>(first), words.end());
}

void merge_runs(const std::vector<SplitPart>& parts, std::vector<Span>& words) {
  for (size_t i = 0; i < parts.size(); ++i) {
    if (i > 0 && parts[i].is_match == parts[i - 1].is_match) {
      words.back().end = parts[i].span.end;
    } else {
      words.push_back(parts[i].span);
    }
  }
}

}  // namespace

SplitBehavior parse_split_behavior(std::string_view name) {
  for (const BehaviorRow& row : kBehaviors)
    if (row.name == name) return row.behavior;
  fail("tokenizer",
       "expected a split behavior, got '{}'; try Removed, Isolated, MergedWithPrevious, MergedWithNext or Contiguous",
       name);
}

void apply_split_behavior(SplitBehavior behavior, std::vector<SplitPart>& parts, std::vector<Span>& words) {
  std::erase_if(parts, [](const SplitPart& part) { return part.span.size() == 0; });
  switch (behavior) {
    case SplitBehavior::kMergedWithPrevious:
      return merge_with_previous(parts, words);
    case SplitBehavior::kMergedWithNext:
      return merge_with_next(parts, words);
    case SplitBehavior::kContiguous:
      return merge_runs(parts, words);
    case SplitBehavior::kRemoved:
    case SplitBehavior::kIsolated:
      break;
  }
  for (const SplitPart& part : parts)
    if (behavior == SplitBehavior::kIsolated || !part.is_match) words.push_back(part.span);
}

}  // namespace llmbox
