// The tasks there are: the files of tasks/ as they were when the program was built, and those of a user's --tasks_dir,
// which come first. Also reads what users write after -d: `mmlu`, `mmlu:anatomy,virology`, `mmlu:[stem] piqa`.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "eval/task.h"

namespace llmbox {

/// name → YAML text of every file in tasks/, made at build time.
std::span<const std::pair<std::string_view, std::string_view>> embedded_tasks();

struct TaskChoice {
  TaskSpec task;
  std::vector<std::string> subsets;  // to run, sorted; {""} for a task without subsets
};

class TaskLibrary {
 public:
  explicit TaskLibrary(std::filesystem::path tasks_dir = {}) : tasks_dir_(std::move(tasks_dir)) {}

  std::vector<std::string> names() const;
  /// Throws Error naming the nearest tasks.
  TaskSpec load(const std::string& name, const std::string& strategy = "") const;
  /// Throws Error for an unknown task or subset, naming the nearest.
  std::vector<TaskChoice> choose(const std::vector<std::string>& words, const std::string& strategy = "") const;

 private:
  std::filesystem::path tasks_dir_;
};

}  // namespace llmbox
