#include "tokenizer/pair_counts.h"

#include <algorithm>

namespace llmbox {

PairCounts::PairCounts(std::vector<CountedWord> words) : words_(std::move(words)) {
  for (uint32_t w = 0; w < words_.size(); ++w) {
    const std::vector<int32_t>& symbols = words_[w].symbols;
    for (size_t i = 0; i + 1 < symbols.size(); ++i) change({symbols[i], symbols[i + 1]}, words_[w].count, w);
  }
  grown_.clear();
  for (const auto& [pair, occurrences] : pairs_) queue_.push({occurrences.count, pair});
}

void PairCounts::change(SymbolPair pair, int64_t by, uint32_t word) {
  Occurrences& occurrences = pairs_[pair];
  occurrences.count += by;
  if (by < 0) return;
  if (occurrences.words.empty() || occurrences.words.back() != word) occurrences.words.push_back(word);
  grown_.push_back(pair);
}

std::optional<SymbolPair> PairCounts::most_frequent(int64_t min_count) {
  while (!queue_.empty()) {
    Queued top = queue_.top();
    queue_.pop();
    int64_t count = pairs_[top.pair].count;
    if (count == top.count) return count >= std::max<int64_t>(1, min_count) ? std::optional(top.pair) : std::nullopt;
    if (count > 0) queue_.push({count, top.pair});  // its count fell since it was queued
  }
  return std::nullopt;
}

void PairCounts::merge(SymbolPair pair, int32_t joined) {
  std::vector<uint32_t> where = std::move(pairs_[pair].words);
  pairs_.erase(pair);
  grown_.clear();
  for (uint32_t word : where) merge_in_word(pair, joined, word);
  std::sort(grown_.begin(), grown_.end());
  grown_.erase(std::unique(grown_.begin(), grown_.end()), grown_.end());
  pairs_.erase(pair);  // "aaa" with (a, a): the merge counts down what it removes
  for (SymbolPair changed : grown_)
    if (auto found = pairs_.find(changed); found != pairs_.end() && found->second.count > 0)
      queue_.push({found->second.count, changed});
}

void PairCounts::merge_in_word(SymbolPair pair, int32_t joined, uint32_t word) {
  std::vector<int32_t>& symbols = words_[word].symbols;
  int64_t count = words_[word].count;
  size_t kept = 0;
  for (size_t i = 0; i < symbols.size(); ++i) {
    bool match = i + 1 < symbols.size() && symbols[i] == pair.first && symbols[i + 1] == pair.second;
    if (!match) {
      symbols[kept++] = symbols[i];
      continue;
    }
    if (kept > 0) {
      change({symbols[kept - 1], pair.first}, -count, word);
      change({symbols[kept - 1], joined}, count, word);
    }
    if (i + 2 < symbols.size()) {
      change({pair.second, symbols[i + 2]}, -count, word);
      change({joined, symbols[i + 2]}, count, word);
    }
    symbols[kept++] = joined;
    ++i;
  }
  symbols.resize(kept);
}

}  // namespace llmbox
