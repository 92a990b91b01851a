#include "core/rng.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>

#include "core/error.h"
#include "core/test_shared.h"

namespace llmbox {
namespace {

TEST(Rng, TheSameSeedGivesTheSameNumbers) {
  Rng a(7), b(7), other_seed(8), other_stream(7, 1);
  const uint64_t first = a.next();
  EXPECT_EQ(first, b.next());
  EXPECT_NE(first, other_seed.next());
  EXPECT_NE(first, other_stream.next());
}

// Seed 0: splitmix64's published first outputs are the state, so xoshiro256**'s sequence is fixed for every machine.
TEST(Rng, NumbersAreThoseOfThePublishedGenerators) {
  Rng rng(0);
  EXPECT_EQ(rng.state()[0].get<uint64_t>(), 0xe220a8397b1dcdafULL);
  EXPECT_EQ(rng.state()[1].get<uint64_t>(), 0x6e789e6aa1b965f4ULL);
  EXPECT_EQ(rng.next(), 0x99ec5f36cb75f2b4ULL);
}

TEST(Rng, ASavedStateGoesOnBitForBit) {
  Rng rng(3);
  for (int i = 0; i < 10; ++i) rng.normal();
  const std::string saved = rng.state().dump();
  Rng restored(99);
  restored.set_state(parse_json(saved, "state"));
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(rng.below(1000), restored.below(1000));
    EXPECT_EQ(rng.normal(), restored.normal());
  }
  EXPECT_THROW(restored.set_state(Json::array({1, 2})), Error);
}

TEST(Rng, BelowIsUniform) {
  Rng rng(1);
  std::array<int, 7> counts{};
  for (int i = 0; i < 70000; ++i) ++counts[rng.below(7)];
  for (const int count : counts) EXPECT_NEAR(count, 10000, 400);
}

TEST(Rng, NormalHasItsMomentsAndTails) {
  Rng rng(5);
  const int n = 200000;
  double sum = 0, squares = 0;
  int outside = 0;
  for (int i = 0; i < n; ++i) {
    const double z = rng.normal();
    sum += z;
    squares += z * z;
    outside += std::abs(z) > 1.959963984540054;
  }
  EXPECT_NEAR(sum / n, 0, 0.01);
  EXPECT_NEAR(squares / n, 1, 0.02);
  EXPECT_NEAR(outside / double(n), 0.05, 0.003);
}

// The distribution function of the drawn value must give back the uniform it was made of.
TEST(Rng, NormalIsTheInverseOfTheDistributionFunction) {
  Rng uniforms(11), normals(11);
  for (int i = 0; i < 1000; ++i) {
    const double p = (static_cast<double>(uniforms.next() >> 12) + 0.5) * 0x1.0p-52;
    EXPECT_NEAR(0.5 * std::erfc(-normals.normal() / std::sqrt(2.0)), p, 1e-14);
  }
}

TEST(Rng, ShufflesAndPermutes) {
  Rng rng(2), same(2);
  std::vector<int64_t> items(100);
  std::iota(items.begin(), items.end(), 0);
  rng.shuffle(items);
  EXPECT_EQ(items, same.permutation(100));
  EXPECT_FALSE(std::is_sorted(items.begin(), items.end()));
  EXPECT_EQ(std::set<int64_t>(items.begin(), items.end()).size(), 100u);
}

}  // namespace
}  // namespace llmbox
