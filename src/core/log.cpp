#include "core/log.h"

#include <spdlog/logger.h>
#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/stdout_color_sinks.h>

#include <cstdlib>
#include <mutex>
#include <vector>

#include "core/error.h"
#include "core/near_name.h"
#include "core/progress.h"

namespace llmbox {
namespace {

spdlog::level::level_enum spdlog_level(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return spdlog::level::debug;
    case LogLevel::kInfo:
      return spdlog::level::info;
    default:
      return spdlog::level::warn;
  }
}

spdlog::level::level_enum level_named(std::string_view name) {
  static const std::vector<std::string> names = {"debug", "info", "warning", "off"};
  constexpr spdlog::level::level_enum levels[] = {spdlog::level::debug, spdlog::level::info, spdlog::level::warn,
                                                  spdlog::level::off};
  for (size_t i = 0; i < names.size(); ++i)
    if (names[i] == name) return levels[i];
  fail("log", "expected a log level, got '{}'; try {}", name, quoted_names(names));
}

std::shared_ptr<spdlog::logger> screen_logger() {
  auto logger = std::make_shared<spdlog::logger>("llmbox", std::make_shared<spdlog::sinks::stderr_color_sink_mt>());
  const char* wanted = std::getenv("LLMBOX_LOG");
  logger->set_level(wanted != nullptr ? level_named(wanted) : spdlog::level::info);
  logger->set_pattern("%v");
  return logger;
}

spdlog::logger& screen() {
  static const std::shared_ptr<spdlog::logger> logger = screen_logger();
  return *logger;
}

std::mutex file_mutex;
std::shared_ptr<spdlog::logger> file_logger;  // null: no file

}  // namespace

bool log_enabled(LogLevel level) { return screen().should_log(spdlog_level(level)); }

void write_log(LogLevel level, const std::string& line) {
  clear_progress_line();
  const std::string_view prefix = level == LogLevel::kInfo ? "" : level == LogLevel::kDebug ? "debug: " : "warning: ";
  screen().log(spdlog_level(level), "{}{}", prefix, line);
  const std::lock_guard lock(file_mutex);
  if (!file_logger) return;
  file_logger->log(spdlog_level(level), "{}", line);
  file_logger->flush();
}

void set_log_level(std::string_view name) { screen().set_level(level_named(name)); }

void set_log_file(const std::string& path) {
  const std::lock_guard lock(file_mutex);
  file_logger.reset();
  if (path.empty()) return;
  try {
    file_logger = std::make_shared<spdlog::logger>("file", std::make_shared<spdlog::sinks::basic_file_sink_mt>(path));
  } catch (const spdlog::spdlog_ex& error) {
    fail(path, "expected a log file that can be written, got {}", error.what());
  }
  file_logger->set_level(spdlog::level::debug);
}

}  // namespace llmbox
