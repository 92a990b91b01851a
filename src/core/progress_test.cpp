#include "core/progress.h"

#include <gtest/gtest.h>

namespace llmbox {
namespace {

struct Screen {
  std::string text;
  double now = 0;
  ProgressOutput output(bool is_terminal) {
    return {[this](std::string_view part) { text += part; }, [this] { return now; }, is_terminal, 80, 5};
  }
};

TEST(Progress, WithoutATerminalAPlainLineEveryFewSeconds) {
  Screen screen;
  {
    Progress progress("train", 100, "steps", screen.output(false));
    for (int i = 0; i < 12; ++i) {
      screen.now += 1;
      progress.advance();
    }
    progress.set_note("loss 2.31");
  }
  EXPECT_EQ(screen.text,
            "train   5% 5/100 steps, 1.00 steps/s, 1:35 left\n"
            "train  10% 10/100 steps, 1.00 steps/s, 1:30 left\n"
            "train  12% 12/100 steps, 1.00 steps/s, 0:12 in all, loss 2.31\n");
}

TEST(Progress, ATerminalGetsABarThatRedraws) {
  Screen screen;
  Progress progress("eval", 4, "requests", screen.output(true));
  screen.now = 2;
  progress.advance(2);
  EXPECT_NE(screen.text.find("\r\033[Keval  50% |████████████            | 2/4 requests, 1.00 requests/s, 0:02 left"),
            std::string::npos)
      << screen.text;
  EXPECT_EQ(screen.text.find('\n'), std::string::npos);
  progress.finish();
  EXPECT_EQ(screen.text.back(), '\n');
}

TEST(Progress, SkippedWorkIsShownButNotInTheRate) {
  Screen screen;
  Progress progress("eval", 100, "rows", screen.output(false));
  progress.skip(50);
  screen.now = 10;
  progress.advance(10);
  EXPECT_NE(screen.text.find(" 60% 60/100 rows, 1.00 rows/s, 0:40 left"), std::string::npos) << screen.text;
}

TEST(Progress, WithoutATotalThereIsNoTimeLeft) {
  Screen screen;
  Progress progress("read", 0, "rows", screen.output(false));
  screen.now = 10;
  progress.advance(20000);
  EXPECT_EQ(screen.text, "read 20000 rows, 2000 rows/s\n");
}

TEST(Progress, SecondsReadAsAClock) {
  EXPECT_EQ(format_seconds(42), "0:42");
  EXPECT_EQ(format_seconds(3723), "1:02:03");
  EXPECT_EQ(format_seconds(-1), "0:00");
}

}  // namespace
}  // namespace llmbox
