#include "eval/task_library.h"

#include <algorithm>

#include "core/error.h"
#include "core/near_name.h"
#include "core/yaml.h"

namespace llmbox {

namespace {

namespace fs = std::filesystem;

/// "a,b:c,[d]" → {"a", "b:c", "[d]"}.
std::vector<std::string> split_at_commas(const std::string& word) {
  std::vector<std::string> pieces(1);
  for (const char c : word) {
    if (c == ',')
      pieces.emplace_back();
    else
      pieces.back() += c;
  }
  std::erase(pieces, "");
  return pieces;
}

struct Wanted {
  std::string task;
  std::vector<std::string> subsets;  // names and [categories]; none = all
};

/// A piece after a comma is a further subset unless it names a task or holds a colon.
std::vector<Wanted> read_words(const std::vector<std::string>& words, const std::vector<std::string>& known) {
  std::vector<Wanted> wanted;
  for (const std::string& word : words) {
    bool in_subsets = false;
    for (const std::string& piece : split_at_commas(word)) {
      const size_t colon = piece.find(':');
      const bool is_task = std::find(known.begin(), known.end(), piece) != known.end();
      if (colon == std::string::npos && in_subsets && !is_task) {
        wanted.back().subsets.push_back(piece);
        continue;
      }
      wanted.push_back({piece.substr(0, colon), {}});
      in_subsets = colon != std::string::npos;
      if (in_subsets && colon + 1 < piece.size()) wanted.back().subsets.push_back(piece.substr(colon + 1));
    }
  }
  return wanted;
}

void add_category(const TaskSpec& task, const std::string& name, std::vector<std::string>& subsets) {
  std::vector<std::string> names;
  for (const SubsetGroup& group : task.groups) {
    if (group.name == name) {
      subsets.insert(subsets.end(), group.subsets.begin(), group.subsets.end());
      return;
    }
    names.push_back(group.name);
  }
  fail("task " + task.name, "expected a category, got '[{}]'; try {}", name, near_names(name, names));
}

std::vector<std::string> chosen_subsets(const TaskSpec& task, const std::vector<std::string>& wanted) {
  const std::vector<std::string> known = task.subsets();
  if (wanted.empty()) return known.empty() ? std::vector<std::string>{""} : known;
  if (known.empty()) fail("task " + task.name, "expected no subset, got '{}'; the task has none", wanted[0]);
  std::vector<std::string> subsets;
  for (const std::string& name : wanted) {
    if (name.size() > 2 && name.front() == '[' && name.back() == ']') {
      add_category(task, name.substr(1, name.size() - 2), subsets);
    } else if (std::find(known.begin(), known.end(), name) != known.end()) {
      subsets.push_back(name);
    } else {
      fail("task " + task.name, "expected a subset, got '{}'; try {}; there are {}: {}", name, near_names(name, known),
           known.size(), fmt::join(known, ", "));
    }
  }
  std::sort(subsets.begin(), subsets.end());
  subsets.erase(std::unique(subsets.begin(), subsets.end()), subsets.end());
  return subsets;
}

}  // namespace

std::vector<std::string> TaskLibrary::names() const {
  std::vector<std::string> names;
  for (const auto& [name, text] : embedded_tasks()) names.emplace_back(name);
  std::error_code missing;
  if (!tasks_dir_.empty())
    for (const auto& entry : fs::directory_iterator(tasks_dir_, missing))
      if (entry.path().extension() == ".yaml") names.push_back(entry.path().stem().string());
  if (missing) fail("--tasks_dir", "expected a folder of task files, got {}", tasks_dir_.string());
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

TaskSpec TaskLibrary::load(const std::string& name, const std::string& strategy) const {
  const fs::path own = tasks_dir_ / (name + ".yaml");
  if (!tasks_dir_.empty() && fs::exists(own)) return with_strategy(read_yaml_file(own), name, strategy);
  for (const auto& [known, text] : embedded_tasks())
    if (known == name) return with_strategy(yaml_to_json(text, "tasks/" + name + ".yaml"), name, strategy);
  fail("--dataset", "expected a task, got '{}'; try {}", name, near_names(name, names()));
}

std::vector<TaskChoice> TaskLibrary::choose(const std::vector<std::string>& words, const std::string& strategy) const {
  std::vector<TaskChoice> choices;
  for (const Wanted& wanted : read_words(words, names())) {
    const bool again = std::any_of(choices.begin(), choices.end(), [&](auto& c) { return c.task.name == wanted.task; });
    if (again)
      fail("--dataset", "expected each task once, got '{}' again; list its subsets after one colon", wanted.task);
    TaskSpec task = load(wanted.task, strategy);
    std::vector<std::string> subsets = chosen_subsets(task, wanted.subsets);
    choices.push_back({std::move(task), std::move(subsets)});
  }
  if (choices.empty()) fail("--dataset", "expected at least one task; try {}", quoted_names(names()));
  return choices;
}

}  // namespace llmbox
