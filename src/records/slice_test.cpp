#include "records/slice.h"

#include "core/error.h"
#include "core/test_shared.h"

namespace llmbox {
namespace {

TEST(Slice, NamesAndBracketsAreSplit) {
  EXPECT_EQ(split_slice("test[:100]").name, "test");
  EXPECT_EQ(split_slice("test[:100]").slice, "[:100]");
  EXPECT_EQ(split_slice("[10%:]").name, "");
  EXPECT_EQ(split_slice("validation").slice, "");
  EXPECT_THROW(split_slice("test[:100"), Error);
  EXPECT_THROW(split_slice("test[:1][2:]"), Error);
}

TEST(Slice, BoundsAreRowsOrSharesFromEitherEnd) {
  const std::pair<const char*, RowRange> cases[] = {
      {"", {0, 200}},        {"[:100]", {0, 100}},  {"[10%:]", {20, 200}},  {"[5:20]", {5, 20}},
      {"[:]", {0, 200}},     {"[-5:]", {195, 200}}, {"[:-10%]", {0, 180}},  {"[33%:67%]", {66, 134}},
      {"[ 1 : 2 ]", {1, 2}}, {"[:1000]", {0, 200}}, {"[300:]", {200, 200}}, {"[20:5]", {20, 20}},
      {"[-500:3]", {0, 3}},  {"[0.5%:]", {1, 200}}};
  for (const auto& [text, range] : cases) EXPECT_EQ(apply_slice(text, 200), range) << text;
  EXPECT_EQ(apply_slice("[50%:]", 0), (RowRange{0, 0}));
}

TEST(Slice, SharesOfNeighboursMeet) {
  for (int64_t n = 1; n < 50; ++n) EXPECT_EQ(apply_slice("[:37%]", n).end, apply_slice("[37%:]", n).begin);
}

TEST(Slice, WhatIsNoSliceSaysSo) {
  for (const char* text : {"[5]", "5:10", "[a:]", "[1.5:]", "[:10%%]", "[::2]", "["})
    EXPECT_NE(message_of([&] { apply_slice(text, 10); }).find("try '[:100]', '[10%:]' or '[5:20]'"), std::string::npos)
        << text;
}

TEST(Slice, AStreamGivesOnlyItsRange) {
  const TempFolder folder;
  auto rows = slice_rows(open_rows(folder.write("a.txt", "0\n1\n2\n3\n4\n")), {1, 3});
  const auto taken = read_rows(*rows);
  ASSERT_EQ(taken.size(), 2u);
  EXPECT_EQ(taken[0]["text"], "1");
}

}  // namespace
}  // namespace llmbox
