// An evaluation task as its YAML file describes it (docs/howto/task.md): where the rows are, how a row becomes a
// prompt, and how an answer is read and scored. A TaskSpec is plain data; parse_task refuses unknown keys and wrong
// types. `expression` below means a Jinja expression over the row's columns, the task's fields and `subset`.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "chat/language_model.h"
#include "core/json.h"

namespace llmbox {

enum class TaskKind { kChoice, kGeneration, kPerplexity };

/// A filter or a metric as a task names it: `number`, or `{regex: {pattern: …}}`.
struct NamedStep {
  std::string name;
  Json arguments = Json::object();
};

struct SubsetGroup {
  std::string name;  // "" where the task has no categories
  std::vector<std::string> subsets;
};

struct TaskSpec {
  std::string name;
  std::string summary;
  TaskKind kind = TaskKind::kChoice;
  std::string evaluation_set = "test";
  std::string example_set;                                // "" = no pool of examples
  std::map<std::string, std::vector<std::string>> files;  // split ("" = any) → paths under data_dir, first that exists
  std::map<std::string, std::vector<std::string>> columns;  // further column → files with its values, a line per row
  std::vector<SubsetGroup> groups;                          // empty = the task has no subsets
  std::vector<std::pair<std::string, std::string>> fields;  // name → expression, in order
  bool chat = false;         // asked through the chat template unless the user says otherwise
  std::string keep;          // expression: rows for which it is false are left out
  std::string prompt;        // Jinja template; `options` = the lettered lines or ""
  Json options;              // expression for the list, or a list of expressions
  std::string answer;        // expression: index of the right option, or its letter
  std::string content_free;  // prompt of the normalisation pass; "" = none
  std::string text;          // expression: the document of a perplexity task
  std::string reference;     // expression: one answer or the list of accepted ones
  std::string target;        // expression: an example's answer (generation)
  std::vector<NamedStep> source_filters, option_filters, filters, reference_filters, metrics;
  SamplingParams generation;
  std::vector<Json> examples;  // rows that replace the example split
  Json cot = Json::object();   // strategy → keys that replace the task's

  std::vector<std::string> subsets() const;
};

/// Reads one task file's content. Throws Error naming the task, the key and the nearest known one.
TaskSpec parse_task(const Json& yaml, const std::string& name);

/// The task with the keys of a chain-of-thought strategy put in. Throws Error listing the strategies there are.
TaskSpec with_strategy(const Json& yaml, const std::string& name, const std::string& strategy);

}  // namespace llmbox
