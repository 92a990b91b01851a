// Samples → rows of at most `capacity` tokens with segment borders. SFT samples are packed by the reference's greedy
// knapsack; pre-training documents are joined and cut into blocks. Nothing is padded and nothing is lost. Pure
// functions.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "data/sample.h"

namespace llmbox {

/// Rows as lists of indices into `lengths`. Repeatedly the longest that fits goes in; of equal lengths the last one
/// first. Requires: every length ≤ capacity.
std::vector<std::vector<int64_t>> knapsack_rows(std::span<const int64_t> lengths, int64_t capacity);

/// Joins documents and cuts blocks of `block` tokens; the last may be shorter. A block's segments are the (parts of)
/// documents in it: tokens see only their own document. `isolate` = false: one segment a block, as the reference does.
std::vector<PackedRow> pack_documents(std::span<const Sample> documents, int64_t block, bool isolate = true);

/// One flat row of these samples, a segment each.
PackedRow make_row(std::span<const Sample* const> samples);
/// One flat row of these rows.
PackedRow join_rows(std::span<const PackedRow* const> rows);

}  // namespace llmbox
