// Runs an evaluation: tasks → rows → prompts → requests (all handed to the model at once) → answers → scores → files.
// Written into `output`: results.json, TASK.jsonl (one line an instance), journal.jsonl (answers; the same command goes
// on from it). What is written depends on model, data and options alone, never on order, batches or interruptions.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "chat/language_model.h"
#include "core/json.h"

namespace llmbox {

struct EvalOptions {
  std::vector<std::string> tasks;           // as after -d: "mmlu:anatomy", "piqa"
  std::filesystem::path data_dir = "data";  // where the tasks' files lie
  std::filesystem::path tasks_dir;          // further task files; "" = none
  std::filesystem::path output;             // "" = write nothing
  std::string model_name;                   // what the answers depend on, for the journal
  bool overwrite = false;                   // start over where the journal is of another model
  std::optional<bool> chat;                 // ask through the chat template; unset = as the task says
  std::string system_prompt;                // chat only
  int num_shots = 0;
  int max_example_tokens = 1024;            // whole examples are dropped until they fit
  std::string shots_from = "random";        // "random" (numpy's draw with the seed, as LLMBox) or "first"
  std::string ranking_type;                 // "" = ppl_no_option
  std::string evaluation_set, example_set;  // "" = the task's; slices allowed
  std::string instruction;                  // Jinja; "" = the task's prompt
  std::string cot;                          // chain-of-thought strategy of the task
  int64_t max_evaluation_instances = 0;     // 0 = all, > 0 the first, < 0 the last of each subset
  int sample_num = 1;                       // > 1: the most frequent of so many sampled answers
  uint64_t seed = 2023;
  bool shuffle_choices = false;          // options in an order drawn with the seed
  std::optional<int> max_tokens, top_k;  // unset = the task's
  std::optional<double> temperature, top_p;
  std::vector<std::string> stop;  // added to the task's
};

/// {task: {metric: {"value", "stderr", "n"}}}; tasks with subsets also as "task:subset" and "task[Category]".
/// Shares are between 0 and 1. Throws Error for wrong options or data.
Json run_evaluation(LanguageModel& model, const EvalOptions& options);

/// Throws Error where a task is unknown or its data is not there, as run_evaluation would; needs no model.
void check_task_data(const EvalOptions& options);

/// The results as a table of lines, shares in percent.
std::string results_table(const Json& results);

}  // namespace llmbox
