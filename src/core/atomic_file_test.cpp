#include "core/atomic_file.h"

#include <sys/resource.h>

#include <thread>

#include "core/error.h"
#include "core/test_shared.h"

namespace llmbox {
namespace {

namespace fs = std::filesystem;

// Files of this process may not grow beyond so many bytes: what a full disk looks like.
class SizeLimit {
 public:
  explicit SizeLimit(rlim_t bytes) {
    getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit limit{bytes, before_.rlim_max};
    setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~SizeLimit() { setrlimit(RLIMIT_FSIZE, &before_); }

 private:
  rlimit before_{};
};

size_t files_in(const fs::path& folder) {
  return static_cast<size_t>(std::distance(fs::directory_iterator(folder), fs::directory_iterator()));
}

TEST(AtomicFile, WritesTheWholeFileAndMakesFolders) {
  const TempFolder folder;
  const fs::path path = folder.path() / "a/b/file.bin";
  const std::string bytes(3 << 20, 'x');
  write_file_atomically(path, bytes);
  EXPECT_EQ(read_text_file(path), bytes);
  write_file_atomically(path, "new");
  EXPECT_EQ(read_text_file(path), "new");
  EXPECT_EQ(files_in(path.parent_path()), 1u);
}

TEST(AtomicFile, WithoutCommitNothingIsLeft) {
  const TempFolder folder;
  {
    AtomicFile file(folder.path() / "x");
    file.write("half");
  }
  EXPECT_EQ(files_in(folder.path()), 0u);
}

TEST(AtomicFile, ADeviceIsWrittenAndStaysADevice) {
  const TempFolder folder;
  const fs::path link = folder.path() / "null";
  fs::create_symlink("/dev/null", link);
  write_file_atomically(link, "gone");
  EXPECT_TRUE(fs::is_symlink(link));
  EXPECT_TRUE(fs::is_character_file("/dev/null"));
  fs::create_symlink("/dev/full", folder.path() / "full");
  EXPECT_NE(message_of([&] { write_file_atomically(folder.path() / "full", "x"); }).find("try freeing disk space"),
            std::string::npos);
}

TEST(AtomicFile, ALinkKeepsLeadingToItsFile) {
  const TempFolder folder;
  const fs::path target = folder.write("target", "old"), link = folder.path() / "link";
  fs::create_symlink("target", link);
  write_file_atomically(link, "new");
  EXPECT_TRUE(fs::is_symlink(link));
  EXPECT_EQ(read_text_file(target), "new");
}

TEST(AtomicFile, AFullDiskIsAClearErrorAndKeepsTheOldFile) {
  const TempFolder folder;
  const fs::path path = folder.write("model.bin", "old");
  std::string message;
  {
    const SizeLimit limit(100000);
    message = message_of([&] { write_file_atomically(path, std::string(4 << 20, 'x')); });
  }
  EXPECT_NE(message.find("model.bin] expected to write this file, got 'File too large'; try freeing disk space"),
            std::string::npos)
      << message;
  EXPECT_EQ(read_text_file(path), "old");
  EXPECT_EQ(files_in(folder.path()), 1u);
}

TEST(AtomicFile, AFullDeviceIsAnError) {
  if (!fs::exists("/dev/full")) GTEST_SKIP();
  const TempFolder folder;
  fs::create_symlink("/dev/full", folder.path() / "log.jsonl");
  JournalFile journal(folder.path() / "log.jsonl", JournalMode::kFresh);
  EXPECT_THROW(journal.append({{"a", 1}}), Error);
}

TEST(AtomicFile, AFolderOfThatNameIsAnError) {
  const TempFolder folder;
  EXPECT_NE(message_of([&] { write_file_atomically(folder.path(), "x"); }).find("got a folder"), std::string::npos);
}

TEST(Journal, ContinuesAfterATornLastLine) {
  const TempFolder folder;
  const fs::path path = folder.write("log.jsonl", "{\"step\":1}\n{\"step\":2}\n{\"st");
  EXPECT_EQ(read_journal(path).size(), 2u);
  JournalFile(path).append({{"step", 3}});
  EXPECT_EQ(read_text_file(path), "{\"step\":1}\n{\"step\":2}\n{\"step\":3}\n");
}

TEST(Journal, AWholeRecordWithoutItsNewlineIsTorn) {
  const TempFolder folder;
  EXPECT_EQ(read_journal(folder.write("log.jsonl", "{\"step\":1}\n{\"step\":2}")).size(), 1u);
}

TEST(Journal, GarbageInTheMiddleNamesItsLine) {
  const TempFolder folder;
  const fs::path path = folder.write("log.jsonl", "{\"step\":1}\nxx\n{\"step\":3}\n");
  EXPECT_NE(message_of([&] { read_journal(path); }).find("log.jsonl] line 2, column 1"), std::string::npos);
}

TEST(Journal, AMissingFileHasNoRecordsAndFreshStartsEmpty) {
  const TempFolder folder;
  EXPECT_TRUE(read_journal(folder.path() / "none").empty());
  const fs::path path = folder.write("log.jsonl", "{\"step\":1}\n");
  JournalFile(path, JournalMode::kFresh).append({{"step", 9}});
  EXPECT_EQ(read_journal(path).at(0)["step"], 9);
}

TEST(Journal, AFullDiskLeavesNoTornLine) {
  const TempFolder folder;
  const fs::path path = folder.path() / "log.jsonl";
  JournalFile journal(path);
  journal.append({{"step", 1}});
  {
    const SizeLimit limit(50);
    EXPECT_NE(message_of([&] {
                journal.append({{"text", std::string(100, 'x')}});
              }).find("freeing disk space"),
              std::string::npos);
  }
  EXPECT_EQ(read_text_file(path), "{\"step\":1}\n");
}

TEST(Journal, LinesOfSeveralThreadsStayWhole) {
  const TempFolder folder;
  const fs::path path = folder.path() / "log.jsonl";
  {
    JournalFile journal(path);
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t)
      threads.emplace_back([&journal] {
        for (int i = 0; i < 50; ++i) journal.append({{"text", std::string(100, 'y')}});
      });
    for (std::thread& thread : threads) thread.join();
  }
  EXPECT_EQ(read_journal(path).size(), 200u);
}

}  // namespace
}  // namespace llmbox
