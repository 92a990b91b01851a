// The two ways in which llmbox refuses to go on.
//   Error: the user's input, file or configuration is at fault. One line: "[where] expected X, got Y; try Z"; exit
//   code 2. CHECK: our own mistake; always on; prints the values; exit code 1.
// Nothing below cli/ prints, exits or aborts: both are thrown and cli/main.cpp reports them.
#pragma once

#include <fmt/format.h>

#include <stdexcept>
#include <string>
#include <string_view>

namespace llmbox {

/// A fault in what the user gave. what() is the whole line that the user reads.
class Error : public std::runtime_error {
 public:
  Error(std::string_view where, std::string_view message)
      : std::runtime_error(fmt::format("[{}] {}", where, message)), message_(message) {}
  /// The line without its "[where] ".
  const std::string& message() const { return message_; }

 private:
  std::string message_;
};

/// A machine or environment failure that is nobody's wrong input (disk full, NaN loss): exit code 1 unless said
/// otherwise.
class Failure : public std::runtime_error {
 public:
  Failure(std::string_view where, std::string_view message)
      : std::runtime_error(fmt::format("[{}] {}", where, message)) {}
};

/// A broken promise of our own code.
class CheckFailed : public std::logic_error {
  using std::logic_error::logic_error;
};

/// Throws Error. fail("records", "expected a row, got {}; try {}", ...)
template <typename... Args>
[[noreturn]] void fail(std::string_view where, fmt::format_string<Args...> format, Args&&... args) {
  throw Error(where, fmt::format(format, std::forward<Args>(args)...));
}

}  // namespace llmbox

/// CHECK(a == b, "layer {} of {}", i, n): throws CheckFailed with place, condition and message where the condition is
/// false.
#undef CHECK  // libtorch has one of its own, which aborts
#define CHECK(condition, ...)                                                                                \
  do {                                                                                                       \
    if (!(condition))                                                                                        \
      throw ::llmbox::CheckFailed(fmt::format("{}:{}: check failed: {}: ", __FILE__, __LINE__, #condition) + \
                                  fmt::format("" __VA_ARGS__));                                              \
  } while (false)
