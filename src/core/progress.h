// Progress of a long job on stderr: on a terminal one line that redraws itself (bar, count, rate, time left, note),
// else a plain line every few seconds. Thread-safe. finish() (or the end of life) leaves a last line with the whole
// time.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace llmbox {

/// Where progress goes; tests give their own.
struct ProgressOutput {
  std::function<void(std::string_view)> write;
  std::function<double()> seconds;  // a clock that only goes forward
  bool is_terminal = false;
  int columns = 80;
  double line_every = 5;  // seconds between plain lines
};
ProgressOutput stderr_progress();

class Progress {
 public:
  /// `total` 0: not known, no bar and no time left. `unit` is a plural: "steps", "requests", "MB".
  Progress(std::string label, int64_t total, std::string unit, ProgressOutput output = stderr_progress());
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void advance(int64_t n = 1);
  /// Counts n as done before this run began (a resumed job): shown in the bar, not in the rate.
  void skip(int64_t n);
  /// Text after the time left, such as "loss 2.31".
  void set_note(std::string note);
  void finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Erases the bar of a terminal, if one is shown, before something else is written there; it is redrawn later.
void clear_progress_line();

/// 42 s → "0:42", 3723 s → "1:02:03".
std::string format_seconds(double seconds);

}  // namespace llmbox
