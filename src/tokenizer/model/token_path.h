// BPE of long words in linear time: the longest token at each place that may stand behind the one before it, with steps
// back where none may. Gives what merging gives, since a row of tokens is a word's BPE exactly if all neighbours are
// compatible (shown for GitHub's rust-gems/bpe, 2024). Immutable and thread-safe.
#pragma once

#include <string_view>
#include <utility>
#include <vector>

#include "tokenizer/model/border_filter.h"
#include "tokenizer/model/merge_history.h"
#include "tokenizer/model/piece_trie.h"
#include "tokenizer/model/word_cache.h"

namespace llmbox {

class TokenPath {
 public:
  /// `tokens`: the reached tokens as words hold them (bytes), with their ids. `borders`: of all merges. The history
  /// must outlive this.
  TokenPath(const MergeHistory& history, std::vector<std::pair<std::string_view, int32_t>> tokens,
            BorderFilter borders);

  /// The token that is the word; -1: none.
  int32_t whole(std::string_view word) const {
    const PieceTrie::Match match = trie_.longest(word);
    return match.length == word.size() ? match.id : -1;
  }

  /// Appends the ids of a word, or returns false where only merging tells them. Requires: every symbol of the word is a
  /// token.
  bool encode(std::string_view word, WordCache& cache, std::vector<int32_t>& ids) const;

 private:
  struct Token {
    uint32_t length = 0;
    int32_t prefix = -1;  // the longest token that this one begins with
  };

  bool holds_odd(std::string_view word) const;

  const MergeHistory& history_;
  BorderFilter borders_;
  PieceTrie trie_, odd_;
  std::vector<Token> tokens_;  // by id
};

}  // namespace llmbox
