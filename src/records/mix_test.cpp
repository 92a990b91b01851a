#include "records/mix.h"

#include "core/error.h"
#include "core/test_shared.h"
#include "records/shuffle.h"

namespace llmbox {
namespace {

// Set i of this size: rows {"text": "a1"}, {"text": "a2"}, …; the letter says the set.
class CountedRows : public RowReader {
 public:
  CountedRows(size_t set, int64_t size) : letter_(static_cast<char>('a' + set)), size_(size) {}
  std::optional<Row> next() override {
    if (at_ == size_) return std::nullopt;
    return Row{{"text", fmt::format("{}{}", letter_, ++at_)}};
  }
  std::string place() const override { return fmt::format("set {} row {}", letter_, at_); }

 private:
  char letter_;
  int64_t size_, at_ = 0;
};

std::string order_text(const std::vector<int64_t>& sizes, const MixOptions& options) {
  std::string text;
  for (const MixedRow& row : mix_order(sizes, options))
    text += fmt::format("{}{} ", static_cast<char>('a' + row.set), row.row + 1);
  return text;
}

std::string stream_text(const std::vector<int64_t>& sizes, const MixOptions& options) {
  std::vector<RowSource> sets;
  for (size_t i = 0; i < sizes.size(); ++i)
    sets.emplace_back([i, &sizes] { return std::make_unique<CountedRows>(i, sizes[i]); });
  std::string text;
  for (const Row& row : read_rows(*mix_rows(std::move(sets), options))) text += row["text"].get<std::string>() + " ";
  return text;
}

TEST(Mix, StrategiesWithoutProbabilities) {
  EXPECT_EQ(order_text({3, 1}, {.strategy = MixStrategy::kConcat}), "a1 a2 a3 b1 ");
  EXPECT_EQ(order_text({3, 1}, {.strategy = MixStrategy::kInterleaveUnder}), "a1 b1 ");
  EXPECT_EQ(order_text({3, 1}, {.strategy = MixStrategy::kInterleaveOver}), "a1 b1 a2 b1 a3 b1 ");
  EXPECT_EQ(order_text({3, 1}, {.strategy = MixStrategy::kInterleaveOnce}), "a1 b1 a2 a3 ");
}

TEST(Mix, StreamsGiveTheSameOrderAsSetsInMemory) {
  for (const MixStrategy strategy : {MixStrategy::kConcat, MixStrategy::kInterleaveUnder, MixStrategy::kInterleaveOver,
                                     MixStrategy::kInterleaveOnce}) {
    for (const std::vector<double>& shares : {std::vector<double>{}, {0.2, 0.5, 0.3}}) {
      if (strategy == MixStrategy::kConcat && !shares.empty()) continue;
      const MixOptions options{strategy, shares, 5};
      EXPECT_EQ(stream_text({7, 2, 11}, options), order_text({7, 2, 11}, options));
    }
  }
}

TEST(Mix, ProbabilitiesSetTheSharesAndASeedTheOrder) {
  const MixOptions options{MixStrategy::kInterleaveUnder, {0.8, 0.2}, 1};
  const std::vector<int64_t> sizes = {10000, 10000};
  int64_t of_first = 0;
  const std::vector<MixedRow> order = mix_order(sizes, options);
  for (const MixedRow& row : order) of_first += row.set == 0;
  EXPECT_NEAR(static_cast<double>(of_first) / static_cast<double>(order.size()), 0.8, 0.02);
  EXPECT_EQ(order, mix_order(sizes, options));
  EXPECT_NE(order, mix_order(sizes, {MixStrategy::kInterleaveUnder, {0.8, 0.2}, 2}));
}

TEST(Mix, WithProbabilitiesOverAndOnceUseEveryRow) {
  for (const MixStrategy strategy : {MixStrategy::kInterleaveOver, MixStrategy::kInterleaveOnce}) {
    std::vector<int64_t> times(5 + 9);
    for (const MixedRow& row : mix_order(std::vector<int64_t>{5, 9}, {strategy, {0.9, 0.1}, 3}))
      ++times[static_cast<size_t>(row.row) + 5 * row.set];
    for (const int64_t count : times) EXPECT_TRUE(strategy == MixStrategy::kInterleaveOver ? count >= 1 : count == 1);
  }
}

TEST(Mix, WrongInputIsAClearError) {
  EXPECT_NE(message_of([] {
              order_text({3, 0}, {});
            }).find("expected rows in data set 2 of 2, got none"),
            std::string::npos);
  EXPECT_NE(message_of([] { stream_text({0}, {}); }).find("expected rows in data set 1 of 1"), std::string::npos);
  EXPECT_NE(message_of([] {
              order_text({3, 1}, {MixStrategy::kInterleaveOver, {1}, 0});
            }).find("one probability per data set (2), got 1"),
            std::string::npos);
  EXPECT_NE(message_of([] {
              order_text({3, 1}, {MixStrategy::kConcat, {1, 1}, 0});
            }).find("no probabilities with concat"),
            std::string::npos);
  EXPECT_NE(message_of([] {
              order_text({3, 1}, {MixStrategy::kInterleaveOver, {1, -1}, 0});
            }).find("above 0"),
            std::string::npos);
  EXPECT_NE(message_of([] { parse_mix_strategy("interleave_undr"); }).find("try 'interleave_under'"),
            std::string::npos);
  EXPECT_EQ(parse_mix_strategy("interleave_once"), MixStrategy::kInterleaveOnce);
}

TEST(Shuffle, ABufferThatHoldsAllGivesTheOrderOfThePermutation) {
  const std::vector<int64_t> order = Rng(4).permutation(30);
  const auto rows = shuffle_rows(std::make_unique<CountedRows>(0, 30), 100, Rng(4));
  for (const int64_t i : order) EXPECT_EQ((*rows->next())["text"], fmt::format("a{}", i + 1));
  EXPECT_FALSE(rows->next());
}

TEST(Shuffle, ASmallBufferStillGivesEveryRowOnceWithItsPlace) {
  const auto rows = shuffle_rows(std::make_unique<CountedRows>(0, 50), 8, Rng(4));
  std::map<std::string, int> seen;
  while (const auto row = rows->next()) {
    ++seen[(*row)["text"]];
    EXPECT_EQ(rows->place(), "set a row " + (*row)["text"].get<std::string>().substr(1));
  }
  EXPECT_EQ(seen.size(), 50u);
}

}  // namespace
}  // namespace llmbox
