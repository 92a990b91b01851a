#include "core/folder_lock.h"

#include <gtest/gtest.h>

#include "core/test_shared.h"

namespace llmbox {
namespace {

TEST(FolderLock, OneHolderAtATime) {
  const TempFolder folder;
  {
    FolderLock first, second;
    first.take(folder.path());
    first.take(folder.path());
    EXPECT_NE(message_of([&] { second.take(folder.path()); }).find("another process is writing"), std::string::npos);
  }
  FolderLock third;
  third.take(folder.path());
}

TEST(FolderLock, AMissingFolderIsNobodys) {
  const TempFolder folder;
  FolderLock lock;
  lock.take(folder.path() / "absent");
  std::filesystem::create_directory(folder.path() / "absent");
  lock.take(folder.path() / "absent");
  FolderLock other;
  EXPECT_FALSE(message_of([&] { other.take(folder.path() / "absent"); }).empty());
}

}  // namespace
}  // namespace llmbox
