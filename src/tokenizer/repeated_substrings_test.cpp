#include "tokenizer/repeated_substrings.h"

#include <gtest/gtest.h>

#include <map>
#include <random>

namespace llmbox {
namespace {

std::map<std::string, int64_t> found_in(const std::vector<CountedText>& texts, size_t longest) {
  std::map<std::string, int64_t> found;
  for (const Substring& substring : repeated_substrings(texts, longest))
    EXPECT_TRUE(found.emplace(substring.text, substring.count).second) << substring.text;
  return found;
}

TEST(RepeatedSubstrings, AreRightMaximal) {
  using Found = std::map<std::string, int64_t>;
  EXPECT_EQ(found_in({{"banana", 1}}, 16), (Found{{"ana", 2}, {"na", 2}}));
  EXPECT_EQ(found_in({{"ab", 3}, {"abc", 1}}, 16), (Found{{"ab", 4}}));
  EXPECT_EQ(found_in({{"你好吗", 1}, {"你好啊", 1}}, 16), (Found{{"你好", 2}}));
  EXPECT_EQ(found_in({{"abcabc", 1}}, 2), (Found{{"ab", 2}, {"bc", 2}}));
}

// Each count by brute force, and no right-maximal substring is missing.
TEST(RepeatedSubstrings, EqualCountingThemAll) {
  std::mt19937 random(7);
  std::vector<std::string> texts;
  for (int i = 0; i < 30; ++i) {
    texts.emplace_back();
    for (int k = 0; k < 12; ++k) texts.back() += std::array{"a", "b", "é", "你", "们"}[random() % 5];
  }
  constexpr size_t kLongest = 5;
  std::vector<CountedText> counted;
  std::map<std::string, int64_t> counts;
  std::map<std::string, std::map<std::string, int64_t>> next;  // what follows, and how often
  for (const std::string& text : texts) {
    counted.push_back({text, 1 + static_cast<int64_t>(random() % 3)});
    std::vector<std::string> characters;
    for (size_t i = 0; i < text.size(); i += characters.back().size())
      characters.push_back(text.substr(i, static_cast<unsigned char>(text[i]) < 0x80   ? 1
                                          : static_cast<unsigned char>(text[i]) < 0xE0 ? 2
                                                                                       : 3));
    for (size_t begin = 0; begin < characters.size(); ++begin) {
      std::string substring;
      for (size_t n = 1; n <= kLongest && begin + n <= characters.size(); ++n) {
        substring += characters[begin + n - 1];
        if (n >= 2) counts[substring] += counted.back().count;
        const bool goes_on = n < kLongest && begin + n < characters.size();
        next[substring][goes_on ? characters[begin + n] : ""] += counted.back().count;
      }
    }
  }
  std::map<std::string, int64_t> expected;
  for (const auto& [substring, count] : counts)
    if (count >= 2 && (next[substring].size() > 1 || next[substring].contains(""))) expected[substring] = count;
  EXPECT_EQ(found_in(counted, kLongest), expected);
}

}  // namespace
}  // namespace llmbox
