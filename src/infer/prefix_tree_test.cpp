#include "infer/prefix_tree.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

#include "core/rng.h"

namespace llmbox {
namespace {

constexpr int32_t kPage = 4;

struct PrefixTreeTest : testing::Test {
  PagePool pool{64};
  PrefixTree tree{pool, kPage};

  std::vector<int32_t> take(size_t n_tokens) {
    std::vector<int32_t> pages;
    for (size_t begin = 0; begin < n_tokens; begin += kPage) pages.push_back(pool.take());
    return pages;
  }
  void release(const std::vector<int32_t>& pages) {
    for (int32_t page : pages) pool.drop_reference(page);
  }
  std::vector<int32_t> remember(const std::vector<int32_t>& ids) {
    const auto pages = take(ids.size());
    tree.insert(ids, pages);
    release(pages);
    return pages;
  }
  int64_t matched(const std::vector<int32_t>& ids) {
    const PrefixMatch match = tree.match(ids);
    return static_cast<int64_t>(match.pages.size()) * kPage + match.partial_rows;
  }
};

TEST_F(PrefixTreeTest, KnowsNothingAtFirst) { EXPECT_EQ(matched({1, 2, 3}), 0); }

TEST_F(PrefixTreeTest, MatchesExactlyToTheToken) {
  remember({1, 2, 3, 4, 5, 6});
  EXPECT_EQ(matched({1, 2, 3, 4, 5, 6, 7}), 6);
  EXPECT_EQ(matched({1, 2, 3, 4, 5, 9}), 5);
  EXPECT_EQ(matched({1, 2, 9}), 2);
  EXPECT_EQ(matched({1, 2, 3, 4}), 4);
  EXPECT_EQ(matched({9}), 0);
  EXPECT_EQ(matched({}), 0);
}

TEST_F(PrefixTreeTest, SharesFullPagesInPlace) {
  const auto pages = remember({1, 2, 3, 4, 5, 6, 7, 8});
  EXPECT_EQ(tree.match(std::vector<int32_t>{1, 2, 3, 4, 5, 6, 7, 8, 9}).pages, pages);
}

TEST_F(PrefixTreeTest, FindsTheLongestAmongSiblingPages) {
  remember({1, 2, 3, 4});
  remember({1, 2, 5, 6});
  remember({1, 7, 8, 9});
  EXPECT_EQ(matched({1, 2, 5, 9}), 3);
  EXPECT_EQ(matched({1, 2, 4, 4}), 2);
  EXPECT_EQ(matched({1, 8, 8, 9}), 1);
}

TEST_F(PrefixTreeTest, ALongerPageTakesThePlaceOfItsBeginning) {
  remember({1, 2});
  EXPECT_EQ(tree.n_pages(), 1);
  remember({1, 2, 3, 4, 5});
  EXPECT_EQ(tree.n_pages(), 2);
  remember({1, 2, 3});
  EXPECT_EQ(tree.n_pages(), 2);
  EXPECT_EQ(pool.n_free(), 62);
}

TEST_F(PrefixTreeTest, TheSamePageMayGrow) {
  const auto pages = take(4);
  tree.insert(std::vector<int32_t>{1, 2}, pages);
  tree.insert(std::vector<int32_t>{1, 2, 3, 4}, pages);
  release(pages);
  EXPECT_EQ(tree.n_pages(), 1);
  EXPECT_EQ(matched({1, 2, 3, 4}), 4);
}

TEST_F(PrefixTreeTest, EvictsLeavesLeastRecentlyUsedFirst) {
  remember({1, 2, 3, 4, 5, 5, 5, 5});
  remember({1, 2, 3, 4, 6, 6, 6, 6});
  matched({1, 2, 3, 4, 5, 5, 5, 5});
  EXPECT_TRUE(tree.evict_one());
  EXPECT_EQ(matched({1, 2, 3, 4, 6, 6, 6, 6}), 4);
  EXPECT_EQ(matched({1, 2, 3, 4, 5, 5, 5, 5}), 8);
  EXPECT_TRUE(tree.evict_one());
  EXPECT_TRUE(tree.evict_one());
  EXPECT_FALSE(tree.evict_one());
  EXPECT_EQ(pool.n_free(), 64);
}

TEST_F(PrefixTreeTest, NeverEvictsReferencedPages) {
  const auto pages = take(4);
  tree.insert(std::vector<int32_t>{1, 2, 3, 4}, pages);
  EXPECT_FALSE(tree.evict_one());
  release(pages);
  EXPECT_TRUE(tree.evict_one());
}

// Against the plain definition: the longest common prefix with anything remembered.
TEST_F(PrefixTreeTest, AgreesWithLookingAtEveryRememberedText) {
  Rng rng(7);
  PagePool large(4096);
  PrefixTree big(large, kPage);
  std::vector<std::vector<int32_t>> remembered;
  for (int round = 0; round < 200; ++round) {
    std::vector<int32_t> ids(1 + rng.below(14));
    for (int32_t& id : ids) id = static_cast<int32_t>(rng.below(3));
    size_t expected = 0;
    for (const auto& other : remembered) {
      const size_t n = std::min(ids.size(), other.size());
      expected =
          std::max<size_t>(expected, std::mismatch(ids.begin(), ids.begin() + n, other.begin()).first - ids.begin());
    }
    const PrefixMatch match = big.match(ids);
    ASSERT_EQ(match.pages.size() * kPage + match.partial_rows, expected) << "round " << round;
    std::vector<int32_t> pages = match.pages;
    for (int32_t page : pages) large.add_reference(page);
    while (pages.size() * kPage < ids.size()) pages.push_back(large.take());
    big.insert(ids, pages);
    for (int32_t page : pages) large.drop_reference(page);
    remembered.push_back(ids);
  }
}

}  // namespace
}  // namespace llmbox
