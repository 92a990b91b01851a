#include "data/packing.h"

#include <gtest/gtest.h>

#include <fstream>

#include "core/json.h"
#include "core/test_shared.h"

namespace llmbox {
namespace {

std::vector<std::vector<int64_t>> packed_lengths(const std::vector<int64_t>& lengths, int64_t capacity) {
  std::vector<std::vector<int64_t>> out;
  for (const std::vector<int64_t>& row : knapsack_rows(lengths, capacity)) {
    out.emplace_back();
    for (int64_t i : row) out.back().push_back(lengths[static_cast<size_t>(i)]);
  }
  return out;
}

Sample document(int32_t first, int n) {
  Sample out;
  for (int i = 0; i < n; ++i) out.ids.push_back(first + i);
  out.labels = out.ids;
  return out;
}

TEST(Packing, KnapsackEqualsTheReferenceOnEveryStoredCase) {
  REQUIRE_SHARED();
  std::ifstream file(shared_path("fixtures/llama_factory/packing.jsonl"));
  int compared = 0;
  for (std::string line; std::getline(file, line);) {
    Json row = parse_json(line, "packing.jsonl");
    if (row["kind"] != "greedy_knapsack") continue;
    std::vector<int64_t> lengths;
    for (int64_t length : row["numbers"])
      if (length <= row["capacity"]) lengths.push_back(length);
    if (lengths.size() != row["numbers"].size()) continue;  // too long ones are cut before packing here
    EXPECT_EQ(packed_lengths(lengths, row["capacity"]), row["result"].get<std::vector<std::vector<int64_t>>>()) << line;
    ++compared;
  }
  EXPECT_GE(compared, 10);
}

TEST(Packing, OfEqualLengthsTheLastComesFirst) {
  EXPECT_EQ(knapsack_rows(std::vector<int64_t>{2, 2, 5}, 4 + 5), (std::vector<std::vector<int64_t>>{{2, 1, 0}}));
}

TEST(Packing, RowsKeepBordersPositionsAndLabels) {
  Sample one = document(10, 3), two = document(20, 2);
  one.labels = {kNoTarget, kNoTarget, one.ids[2]};
  const std::vector<const Sample*> samples{&one, &two};
  PackedRow row = make_row(samples);
  EXPECT_EQ(row.tokens, (std::vector<int32_t>{10, 11, 12, 20, 21}));
  EXPECT_EQ(row.positions, (std::vector<int32_t>{0, 1, 2, 0, 1}));
  EXPECT_EQ(row.labels, (std::vector<int32_t>{-100, 12, -100, 21, -100}));
  EXPECT_EQ(row.segment_starts, (std::vector<int64_t>{0, 3, 5}));
  EXPECT_EQ(row.n_targets(), 2);
}

TEST(Packing, DocumentsFillBlocksAndNothingIsLost) {
  const std::vector<Sample> documents{document(0, 5), document(10, 4), document(20, 2)};
  std::vector<PackedRow> rows = pack_documents(documents, 4);
  ASSERT_EQ(rows.size(), 3u);
  EXPECT_EQ(rows[0].tokens, (std::vector<int32_t>{0, 1, 2, 3}));
  EXPECT_EQ(rows[1].tokens, (std::vector<int32_t>{4, 10, 11, 12}));
  EXPECT_EQ(rows[1].segment_starts, (std::vector<int64_t>{0, 1, 4}));
  EXPECT_EQ(rows[2].tokens, (std::vector<int32_t>{13, 20, 21}));
}

TEST(Packing, WithoutIsolationABlockIsOneSegment) {
  const std::vector<Sample> documents{document(0, 3), document(10, 3)};
  std::vector<PackedRow> rows = pack_documents(documents, 4, false);
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0].segment_starts, (std::vector<int64_t>{0, 4}));
  EXPECT_EQ(rows[0].labels, (std::vector<int32_t>{1, 2, 10, -100}));
}

TEST(Packing, JoinedRowsShiftTheirBorders) {
  Sample one = document(1, 2), two = document(5, 3);
  const Sample* first = &one;
  const Sample* second = &two;
  PackedRow a = make_row({&first, 1}), b = make_row({&second, 1});
  const std::vector<const PackedRow*> rows{&a, &b};
  EXPECT_EQ(join_rows(rows).segment_starts, (std::vector<int64_t>{0, 2, 5}));
}

}  // namespace
}  // namespace llmbox
