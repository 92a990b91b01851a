#include "tokenizer/model/merge_word.h"

#include <gtest/gtest.h>

#include "core/rng.h"

namespace llmbox {
namespace {

// Random merges over a small alphabet, each of two earlier symbols.
MergeTable random_merges(Rng& rng, int32_t letters, int32_t count) {
  MergeTable merges(static_cast<size_t>(count));
  for (int32_t i = 0; i < count; ++i) {
    auto symbol = [&] { return static_cast<int32_t>(rng.below(static_cast<uint64_t>(letters + i))); };
    int32_t left = symbol(), right = symbol();
    if (merges.find(left, right).rank == Merge::kNone) merges.add(left, right, {static_cast<uint32_t>(i), letters + i});
  }
  return merges;
}

TEST(MergeWord, ShortAndLongFormsAgree) {
  Rng rng(5);
  for (int round = 0; round < 500; ++round) {
    MergeTable merges = random_merges(rng, 3, 40);
    std::vector<int32_t> symbols(rng.below(120));
    for (int32_t& symbol : symbols) symbol = static_cast<int32_t>(rng.below(3));
    std::vector<int32_t> by_scan = symbols, by_heap = symbols;
    merge_short_word(merges, by_scan);
    merge_long_word(merges, by_heap);
    ASSERT_EQ(by_scan, by_heap);
  }
}

TEST(MergeWord, TakesTheLowestRankThenTheLeftmost) {
  MergeTable merges(2);
  merges.add(0, 0, {1, 10});
  merges.add(0, 1, {0, 11});
  for (auto merge : {merge_short_word, merge_long_word}) {
    std::vector<int32_t> symbols = {0, 0, 0, 0, 1};
    merge(merges, symbols);
    EXPECT_EQ(symbols, (std::vector<int32_t>{10, 0, 11}));
  }
}

TEST(MergeTable, HoldsNothingButWhatWasAdded) {
  MergeTable merges(0);
  EXPECT_EQ(merges.find(1, 2).rank, Merge::kNone);
  merges.add(1, 2, {7, 3});
  EXPECT_EQ(merges.find(1, 2).id, 3);
  EXPECT_EQ(merges.find(2, 1).rank, Merge::kNone);
}

}  // namespace
}  // namespace llmbox
