#include "core/progress.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <mutex>

namespace llmbox {
namespace {

constexpr double kRedrawEvery = 0.1;  // seconds, on a terminal

std::atomic<bool> bar_is_shown{false};

double steady_seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

void write_stderr(std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stderr);
  std::fflush(stderr);
}

std::string bar(double share, int cells) {
  static constexpr const char* kEighths[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
  const int eighths = static_cast<int>(std::clamp(share, 0.0, 1.0) * cells * 8);
  std::string text;
  for (int i = 0; i < eighths / 8; ++i) text += "█";
  text += kEighths[eighths % 8];
  text.append(static_cast<size_t>(cells - (eighths + 7) / 8), ' ');
  return text;
}

// Three significant digits, and never "0".
std::string format_rate(double rate, const std::string& unit) {
  if (rate > 0 && rate < 0.1) return fmt::format("{:.1f} s for one of the {}", 1 / rate, unit);
  return fmt::format("{:.{}f} {}/s", rate, rate >= 100 ? 0 : rate >= 10 ? 1 : 2, unit);
}

// Cuts to so many code points: a bar that wraps cannot be redrawn.
std::string cut_to_columns(const std::string& text, int columns) {
  int seen = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool starts_code_point = (static_cast<unsigned char>(text[i]) & 0xC0) != 0x80;
    if (starts_code_point && ++seen > columns) return text.substr(0, i);
  }
  return text;
}

}  // namespace

struct Progress::State {
  std::string label;
  int64_t total;
  std::string unit;
  ProgressOutput output;
  std::mutex mutex;
  int64_t done = 0, skipped = 0;
  std::string note;
  double started = 0, last_shown = 0;
  bool finished = false;

  double rate(double now) const { return now > started ? static_cast<double>(done - skipped) / (now - started) : 0.0; }

  std::string count() const {
    return total > 0 ? fmt::format("{}/{} {}", done, total, unit) : fmt::format("{} {}", done, unit);
  }

  std::string line(double now, bool with_bar) const {
    const double share = total > 0 ? static_cast<double>(done) / static_cast<double>(total) : 0;
    std::string text = label;
    if (total > 0) text += fmt::format(" {:3.0f}%", std::floor(100 * share));
    if (total > 0 && with_bar) text += " |" + bar(share, 24) + "|";
    text += " " + count();
    const double per_second = rate(now);
    if (per_second > 0) text += ", " + format_rate(per_second, unit);
    if (finished) {
      text += fmt::format(", {} in all", format_seconds(now - started));
    } else if (total > 0 && per_second > 0) {
      text += fmt::format(", {} left",
                          format_seconds(static_cast<double>(std::max<int64_t>(0, total - done)) / per_second));
    }
    return note.empty() ? text : text + ", " + note;
  }

  void show(bool now_at_any_rate) {
    const double now = output.seconds();
    if (!now_at_any_rate && now - last_shown < (output.is_terminal ? kRedrawEvery : output.line_every)) return;
    last_shown = now;
    if (!output.is_terminal) return output.write(line(now, false) + "\n");
    output.write("\r\033[K" + cut_to_columns(line(now, true), output.columns - 1) + (finished ? "\n" : ""));
    bar_is_shown = !finished;
  }
};

Progress::Progress(std::string label, int64_t total, std::string unit, ProgressOutput output)
    : state_(new State{std::move(label), total, std::move(unit), std::move(output), {}, 0, 0, {}, 0, 0, false}) {
  state_->started = state_->last_shown = state_->output.seconds();
  if (state_->output.is_terminal) state_->show(true);
}

Progress::~Progress() { finish(); }

void Progress::advance(int64_t n) {
  const std::lock_guard lock(state_->mutex);
  state_->done += n;
  if (!state_->finished) state_->show(false);
}

void Progress::skip(int64_t n) {
  const std::lock_guard lock(state_->mutex);
  state_->done += n;
  state_->skipped += n;
}

void Progress::set_note(std::string note) {
  const std::lock_guard lock(state_->mutex);
  state_->note = std::move(note);
}

void Progress::finish() {
  const std::lock_guard lock(state_->mutex);
  if (std::exchange(state_->finished, true)) return;
  state_->show(true);
}

ProgressOutput stderr_progress() {
  ProgressOutput output{write_stderr, steady_seconds, ::isatty(STDERR_FILENO) == 1, 80, 5};
  winsize size{};
  if (output.is_terminal && ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
    output.columns = size.ws_col;
  return output;
}

void clear_progress_line() {
  if (bar_is_shown.exchange(false)) write_stderr("\r\033[K");
}

std::string format_seconds(double seconds) {
  const int64_t whole = static_cast<int64_t>(std::llround(std::max(0.0, seconds)));
  if (whole >= 3600) return fmt::format("{}:{:02}:{:02}", whole / 3600, whole / 60 % 60, whole % 60);
  return fmt::format("{}:{:02}", whole / 60, whole % 60);
}

}  // namespace llmbox
