// The program's log: one line per message on stderr, backed by spdlog. Thread-safe. stdout stays free for results.
// log_debug lines show only after set_log_level("debug") or with LLMBOX_LOG=debug.
#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>
#include <utility>

namespace llmbox {

enum class LogLevel { kDebug, kInfo, kWarning };

bool log_enabled(LogLevel level);
void write_log(LogLevel level, const std::string& line);

/// "debug", "info", "warning" or "off". Throws Error for another name.
void set_log_level(std::string_view name);

/// Also writes every line, with its time, to this file (a run folder's log); an empty path ends that.
void set_log_file(const std::string& path);

template <typename... Args>
void log_debug(fmt::format_string<Args...> format, Args&&... args) {
  if (log_enabled(LogLevel::kDebug)) write_log(LogLevel::kDebug, fmt::format(format, std::forward<Args>(args)...));
}

template <typename... Args>
void log_info(fmt::format_string<Args...> format, Args&&... args) {
  if (log_enabled(LogLevel::kInfo)) write_log(LogLevel::kInfo, fmt::format(format, std::forward<Args>(args)...));
}

template <typename... Args>
void log_warning(fmt::format_string<Args...> format, Args&&... args) {
  if (log_enabled(LogLevel::kWarning)) write_log(LogLevel::kWarning, fmt::format(format, std::forward<Args>(args)...));
}

}  // namespace llmbox
