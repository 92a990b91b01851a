// The merging of byte-pair encoding: while any neighbours have a merge, the one of lowest rank (leftmost among equals)
// is done. Short words by scanning an array, long ones by a heap over a linked list, so that a megabyte without a
// single cut takes n log n. Both forms give the same ids.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "tokenizer/model/merge_table.h"

namespace llmbox {

/// Merges `symbols` in place.
void merge_word(const MergeTable& merges, std::vector<int32_t>& symbols);

void merge_short_word(const MergeTable& merges, std::vector<int32_t>& symbols);
void merge_long_word(const MergeTable& merges, std::vector<int32_t>& symbols);

/// The same where each merge that is due is passed over when skip() says so, until another one has been done
/// (BPE-dropout, Provilkov et al. 2020).
void merge_word_with_dropout(const MergeTable& merges, std::vector<int32_t>& symbols,
                             const std::function<bool()>& skip);

}  // namespace llmbox
