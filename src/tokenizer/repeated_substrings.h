// The substrings that texts repeat, by a sorted list of all suffixes: seeds of a unigram vocabulary.
#pragma once

#include <vector>

#include "tokenizer/train_unigram.h"

namespace llmbox {

struct Substring {
  std::string_view text;  // into the texts
  int64_t count;          // occurrences, each as often as its text counts
};

/// Substrings of two to `longest` characters that occur twice or more and are right-maximal: the same count with one
/// more character means that only the longer one is given. In the order of their bytes.
std::vector<Substring> repeated_substrings(const std::vector<CountedText>& texts, size_t longest);

}  // namespace llmbox
