// Finds and reads the rows of a task: the files of the task that exist under data_dir, for one subset and one split.
// Names hold {subset} and {split}; `*` in the last part stands for anything (the shards of the hub's layout).
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "eval/task.h"

namespace llmbox {

struct RowsWanted {
  std::string subset;  // "" for a task without subsets
  std::string split;   // with a slice: "test[:10]"
};

/// Rows in file order, with the task's further columns put in. Throws Error telling where it looked.
std::vector<Json> load_task_rows(const TaskSpec& task, const RowsWanted& wanted, const std::filesystem::path& data_dir);

}  // namespace llmbox
