// The state of BPE training: words as symbols, how often each pair occurs and where, and a queue of the pairs by count.
#pragma once

#include <cstdint>
#include <optional>
#include <queue>
#include <unordered_map>
#include <utility>
#include <vector>

namespace llmbox {

struct CountedWord {
  std::vector<int32_t> symbols;
  int64_t count;
};

using SymbolPair = std::pair<int32_t, int32_t>;

class PairCounts {
 public:
  explicit PairCounts(std::vector<CountedWord> words);

  /// The most frequent pair, the smallest among equals, where it occurs `min_count` times or more.
  std::optional<SymbolPair> most_frequent(int64_t min_count);
  /// Joins every occurrence of the pair into `joined`.
  void merge(SymbolPair pair, int32_t joined);

 private:
  struct PairHash {
    size_t operator()(SymbolPair pair) const {
      return (static_cast<uint64_t>(static_cast<uint32_t>(pair.first)) << 32 | static_cast<uint32_t>(pair.second)) *
             0x9E3779B97F4A7C15ull;
    }
  };
  struct Occurrences {
    int64_t count = 0;
    std::vector<uint32_t> words;  // ascending; a word may have lost the pair since
  };
  struct Queued {
    int64_t count;
    SymbolPair pair;
    bool operator<(const Queued& other) const { return count != other.count ? count < other.count : pair > other.pair; }
  };
  void change(SymbolPair pair, int64_t by, uint32_t word);
  void merge_in_word(SymbolPair pair, int32_t joined, uint32_t word);

  std::vector<CountedWord> words_;
  std::unordered_map<SymbolPair, Occurrences, PairHash> pairs_;
  std::priority_queue<Queued> queue_;
  std::vector<SymbolPair> grown_;  // pairs that the merge at hand made more frequent
};

}  // namespace llmbox
