#include "infer/stop_matcher.h"

#include <gtest/gtest.h>

#include "core/rng.h"

namespace llmbox {
namespace {

std::string all(StopMatcher matcher, const std::vector<std::string>& pieces) {
  std::string text;
  for (const std::string& piece : pieces) text += matcher.push(piece);
  return text + matcher.finish();
}

TEST(StopMatcher, PassesEverythingWithoutStops) {
  EXPECT_EQ(all(StopMatcher({}), {"ab", "c"}), "abc");
  EXPECT_EQ(all(StopMatcher({""}), {"ab"}), "ab");
}

TEST(StopMatcher, EndsBeforeAStopAcrossPieces) {
  EXPECT_EQ(all(StopMatcher({"\n\nQ:"}), {"yes\n", "\nQ", ": more"}), "yes");
}

TEST(StopMatcher, HoldsBackOnlyWhatMayBecomeAStop) {
  StopMatcher matcher({"END"});
  EXPECT_EQ(matcher.push("abE"), "ab");
  EXPECT_EQ(matcher.push("N"), "");
  EXPECT_EQ(matcher.push("x"), "ENx");
  EXPECT_EQ(matcher.push("EN"), "");
  EXPECT_EQ(matcher.finish(), "EN");
}

TEST(StopMatcher, TakesTheStopThatIsCompleteFirst) {
  EXPECT_EQ(all(StopMatcher({"abcd", "bc"}), {"xabcd"}), "xa");
  EXPECT_EQ(all(StopMatcher({"bc", "abc"}), {"xabc"}), "x");
}

TEST(StopMatcher, DoesNotDependOnHowTheTextIsCut) {
  Rng rng(3);
  const std::vector<std::string> stops{"aba", "bb", "caab"};
  for (int round = 0; round < 300; ++round) {
    std::string text;
    for (int i = 0; i < 12; ++i) text += static_cast<char>('a' + rng.below(3));
    std::vector<std::string> pieces;
    for (size_t at = 0; at < text.size();) {
      const size_t n = 1 + rng.below(4);
      pieces.push_back(text.substr(at, n));
      at += n;
    }
    EXPECT_EQ(all(StopMatcher(stops), pieces), all(StopMatcher(stops), {text})) << text;
  }
}

}  // namespace
}  // namespace llmbox
