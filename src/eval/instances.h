// Builds the instances of one task and subset: rows, examples, prompts, requests.
#pragma once

#include <string>
#include <vector>

#include "eval/instance.h"
#include "eval/runner.h"

namespace llmbox {

struct SubsetPlan {
  const TaskSpec& task;
  std::string subset;  // "" = the task has none
  Ranking ranking;
};

struct SubsetInstances {
  std::vector<Instance> instances;
  size_t n_examples_wanted = 0, n_examples = 0;  // fewer where they do not fit into max_example_tokens
};

/// Appends the subset's requests to `requests`. Throws Error naming file, row or option at fault.
SubsetInstances make_instances(const SubsetPlan& plan, LanguageModel& model, const EvalOptions& options,
                               RequestSet& requests);

/// The ranking type in force: sampling several answers ranks by generation.
Ranking ranking_in_force(const EvalOptions& options);

}  // namespace llmbox
