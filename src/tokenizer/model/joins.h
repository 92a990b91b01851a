// The merges of a BPE model as ids: from a list of pairs, or from the rule that any two tokens join whose
// concatenation is a token (SentencePiece scores, tiktoken ranks). Built on all cores.
#pragma once

#include <string>

#include "tokenizer/model/merge_history.h"
#include "tokenizer/model/token_model.h"

namespace llmbox {

/// The listed pairs, by rank. A pair whose sides or whose joined text the vocabulary lacks throws Error naming it.
/// `prefix`: continuing_subword_prefix, which the joined text drops from its right side.
std::vector<Joined> listed_merges(const ModelDescription& description, const std::string& prefix);

/// All pairs of tokens that join to a token, by description.join_ranks. `hidden` holds symbols beside the vocabulary.
std::vector<Joined> joins_by_rank(const ModelDescription& description, const StringTable& hidden);

/// The same as a table.
MergeTable table_of(const std::vector<Joined>& joined);

}  // namespace llmbox
