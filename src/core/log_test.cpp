#include "core/log.h"

#include "core/error.h"
#include "core/test_shared.h"

namespace llmbox {
namespace {

TEST(Log, LinesGoToStderrByLevel) {
  testing::internal::CaptureStderr();
  log_info("read {} rows", 5);
  log_debug("unseen");
  log_warning("a {{brace}} and {}", "{}");
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "read 5 rows\nwarning: a {brace} and {}\n");
}

TEST(Log, AFileGetsTheLinesToo) {
  const TempFolder folder;
  set_log_file((folder.path() / "run.log").string());
  testing::internal::CaptureStderr();
  log_info("kept");
  testing::internal::GetCapturedStderr();
  set_log_file("");
  EXPECT_NE(read_text_file(folder.path() / "run.log").find("kept"), std::string::npos);
}

TEST(Log, AnUnknownLevelNamesTheKnown) {
  EXPECT_EQ(message_of([] { set_log_level("loud"); }),
            "[log] expected a log level, got 'loud'; try 'debug', 'info', 'warning' or 'off'");
}

}  // namespace
}  // namespace llmbox
