// For tests only: where the shared fixtures and data lie (../shared beside the repository), and a folder that goes
// away. A test that needs ../shared starts with REQUIRE_SHARED(): it is skipped where the folder is absent, but fails
// when the environment says LLMBOX_REQUIRE_SHARED=1.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <string_view>

#include "core/atomic_file.h"

namespace llmbox {

/// shared_path("fixtures/INDEX.md")
inline std::filesystem::path shared_path(std::string_view relative) {
  return std::filesystem::path(LLMBOX_SOURCE_DIR).parent_path() / "shared" / relative;
}

inline bool shared_is_required() {
  const char* value = std::getenv("LLMBOX_REQUIRE_SHARED");
  return value != nullptr && std::string_view(value) == "1";
}

/// A new empty folder, removed with all its files at the end of life.
class TempFolder {
 public:
  TempFolder() {
    static std::atomic<int> counter{0};
    path_ = std::filesystem::temp_directory_path() /
            ("llmbox-test-" + std::to_string(::getpid()) + "-" + std::to_string(counter++));
    std::filesystem::create_directories(path_);
  }
  ~TempFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }
  /// Writes a file into the folder and returns its path.
  std::filesystem::path write(std::string_view name, std::string_view text) const {
    write_file_atomically(path_ / name, text);
    return path_ / name;
  }

 private:
  std::filesystem::path path_;
};

/// The message of the exception that `action` throws; empty, with a test failure, where it throws none.
template <class Action>
std::string message_of(Action&& action) {
  try {
    action();
  } catch (const std::exception& error) {
    return error.what();
  }
  ADD_FAILURE() << "expected an exception";
  return {};
}

}  // namespace llmbox

#define REQUIRE_SHARED()                                                                                \
  do {                                                                                                  \
    if (!std::filesystem::exists(::llmbox::shared_path("fixtures"))) {                                  \
      if (::llmbox::shared_is_required()) FAIL() << "expected the shared folder beside the repository"; \
      GTEST_SKIP() << "no shared folder beside the repository";                                         \
    }                                                                                                   \
  } while (false)
