// The target on the inputs of a folder: what a search once found stays found. Arguments: the folder.
#include <gtest/gtest.h>

#include "fuzz/target.h"

namespace {

std::filesystem::path folder;

TEST(FuzzSeeds, AreReadOrRefused) {
  ASSERT_TRUE(std::filesystem::is_directory(folder)) << folder;
  int count = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    std::ifstream file(entry.path(), std::ios::binary);
    const std::string bytes{std::istreambuf_iterator<char>(file), {}};
    EXPECT_NO_THROW(llmbox::fuzz_one(bytes)) << entry.path();
    ++count;
  }
  EXPECT_GT(count, 0);
}

}  // namespace

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  if (argc > 1) folder = argv[1];
  return RUN_ALL_TESTS();
}
