// How each token of a BPE vocabulary comes about: the two tokens of its last merge, and that merge's rank. From it,
// which tokens may stand side by side follows without merging anything. Not changed after loading; then thread-safe.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "tokenizer/model/merge_table.h"

namespace llmbox {

/// A pair of ids and what it merges to.
struct Joined {
  int32_t left, right;
  Merge merge;
};

class MergeHistory {
 public:
  /// `symbols`: for each id whether it is a symbol, which words are made of before any merge. Requires: joined in the
  /// order of ranks; `table` holds the same pairs and outlives this.
  MergeHistory(std::span<const Joined> joined, const MergeTable& table, const std::vector<bool>& symbols);

  /// Whether merging may give the token.
  bool is_reached(int32_t id) const { return origin(id).rank != kNever; }
  /// Whether the merging of both tokens' text ends with just these two. Requires: reached tokens, and no odd token's
  /// text in theirs.
  bool are_compatible(int32_t left, int32_t right) const;
  /// Tokens whose merge comes out of the order of ranks: where their text occurs, only merging tells the ids.
  const std::vector<int32_t>& odd() const { return odd_; }

 private:
  static constexpr int64_t kNever = -2, kSymbol = -1;

  struct Origin {
    int32_t left = -1, right = -1;
    int64_t rank = kNever;
    bool operator==(const Origin&) const = default;
  };

  const Origin& origin(int32_t id) const { return origins_[static_cast<size_t>(id)]; }
  bool may_meet(int32_t left, int32_t right, int64_t limit) const;
  void append_symbols(int32_t id, std::vector<int32_t>& symbols) const;
  Origin last_merge(std::vector<int32_t> symbols) const;

  std::vector<Origin> origins_;
  std::vector<int32_t> odd_;
  const MergeTable& table_;
};

}  // namespace llmbox
