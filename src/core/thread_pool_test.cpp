#include "core/thread_pool.h"

#include <gtest/gtest.h>

#include <atomic>
#include <stdexcept>
#include <thread>
#include <vector>

namespace llmbox {
namespace {

TEST(ThreadPool, VisitsEveryItemOnce) {
  for (const int64_t n : {0, 1, 7, 1000, 100003}) {
    std::vector<std::atomic<int>> visits(static_cast<size_t>(n));
    parallel_for(n, 16, [&](int64_t begin, int64_t end) {
      EXPECT_LT(begin, end);
      for (int64_t i = begin; i < end; ++i) ++visits[static_cast<size_t>(i)];
    });
    for (const auto& count : visits) ASSERT_EQ(count, 1);
  }
}

TEST(ThreadPool, PartsAreAtLeastTheGrain) {
  parallel_for(1000, 300, [](int64_t begin, int64_t end) { EXPECT_TRUE(end - begin >= 300 || end == 1000) << begin; });
}

TEST(ThreadPool, AnExceptionReachesTheCallerAndThePoolLives) {
  const auto faulty = [](int64_t begin, int64_t) {
    if (begin == 0) throw std::runtime_error("part failed");
  };
  for (int round = 0; round < 20; ++round) EXPECT_THROW(parallel_for(1000, 1, faulty), std::runtime_error);
  std::atomic<int64_t> sum{0};
  parallel_for(1000, 1, [&](int64_t begin, int64_t end) { sum += end - begin; });
  EXPECT_EQ(sum, 1000);
}

TEST(ThreadPool, NestedAndConcurrentCallsFinish) {
  std::atomic<int64_t> sum{0};
  const auto work = [&] {
    for (int round = 0; round < 50; ++round)
      parallel_for(64, 1, [&](int64_t begin, int64_t end) {
        parallel_for(end - begin, 1, [&](int64_t b, int64_t e) { sum += e - b; });
      });
  };
  std::thread other(work);
  work();
  other.join();
  EXPECT_EQ(sum, 2 * 50 * 64);
}

}  // namespace
}  // namespace llmbox
