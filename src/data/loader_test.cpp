#include "data/loader.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "core/error.h"

namespace llmbox {
namespace {

using Steps = std::vector<std::vector<std::vector<int64_t>>>;

Steps take(DataLoader& loader, int n) {
  Steps out;
  for (int i = 0; i < n; ++i) out.push_back(loader.next_step());
  return out;
}

TEST(DataLoader, EveryEpochHoldsEachUnitOnceInAnotherOrder) {
  DataLoader loader({.n_units = 10, .batch_size = 2, .accumulation = 2});
  EXPECT_EQ(loader.steps_per_epoch(), 3);
  std::vector<std::vector<int64_t>> orders;
  for (int epoch = 0; epoch < 2; ++epoch) {
    std::vector<int64_t> seen;
    for (const auto& step : take(loader, 3))
      for (const auto& batch : step) seen.insert(seen.end(), batch.begin(), batch.end());
    orders.push_back(seen);
    std::sort(seen.begin(), seen.end());
    EXPECT_EQ(seen, (std::vector<int64_t>{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}));
    EXPECT_DOUBLE_EQ(loader.epoch(), epoch + 1.0);
  }
  EXPECT_NE(orders[0], orders[1]);
}

TEST(DataLoader, GoesOnAtTheExactUnit) {
  const LoaderOptions options{.n_units = 7, .batch_size = 2, .accumulation = 2, .seed = 5};
  for (int stop = 0; stop < 6; ++stop) {
    DataLoader whole(options), first(options), second(options);
    take(first, stop);
    second.set_state(Json::parse(first.state().dump()));
    take(whole, stop);
    EXPECT_EQ(take(second, 5), take(whole, 5)) << stop;
  }
}

TEST(DataLoader, RefusesTheStateOfOtherData) {
  DataLoader a({.n_units = 7}), b({.n_units = 8});
  EXPECT_THROW(b.set_state(a.state()), Error);
}

TEST(DataLoader, KeepsTheOrderWithoutShuffling) {
  DataLoader loader({.n_units = 3, .shuffle = false});
  EXPECT_EQ(take(loader, 4), (Steps{{{0}}, {{1}}, {{2}}, {{0}}}));
}

}  // namespace
}  // namespace llmbox
