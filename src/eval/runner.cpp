#include "eval/runner.h"

#include <map>

#include "core/atomic_file.h"
#include "core/error.h"
#include "core/folder_lock.h"
#include "core/log.h"
#include "eval/instances.h"
#include "eval/statistics.h"
#include "eval/task_library.h"
#include "eval/task_rows.h"

namespace llmbox {

namespace {

using Estimates = std::vector<std::pair<std::string, Estimate>>;  // metric → estimate, in the order of the task

struct SubsetRun {
  std::string subset;
  SubsetInstances made;
  Estimates estimates;
  size_t n_truncated = 0;  // prompts cut on the left to fit the model's context
};

struct TaskRun {
  TaskChoice choice;
  Scoring scoring;
  std::vector<SubsetRun> subsets;
};

Scoring scoring_of(const TaskSpec& task, Ranking ranking) {
  const std::string where = "task " + task.name;
  Scoring scoring{task.kind, ranking, make_filters(task.filters, where), {}};
  std::vector<NamedStep> steps = task.metrics;
  if (steps.empty() && task.kind == TaskKind::kGeneration) steps = {{"exact_match", Json::object()}};
  for (const NamedStep& step : steps) scoring.metrics.emplace_back(step.name, make_metric(step, where));
  return scoring;
}

/// Perplexities of documents: exp of the mean loss per token of a document (LLMBox), and over all tokens, words, bytes.
Estimates perplexities(std::map<std::string, std::vector<double>>& sums) {
  std::vector<double> per_token, nats, tokens, words, bytes;
  for (size_t i = 0; i < sums["nats"].size(); ++i) {
    if (sums["tokens"][i] == 0) continue;  // a document of one token, of which nothing is scored
    per_token.push_back(sums["nats"][i] / sums["tokens"][i]);
    nats.push_back(sums["nats"][i]);
    tokens.push_back(sums["tokens"][i]);
    words.push_back(sums["words"][i]);
    bytes.push_back(sums["bytes"][i]);
  }
  if (per_token.empty()) return {};
  Estimate bits = ratio_of(nats, bytes);
  bits.value /= std::log(2.0), bits.error /= std::log(2.0);
  return {{"perplexity", exponential(mean_of(per_token))},
          {"token_perplexity", exponential(ratio_of(nats, tokens))},
          {"word_perplexity", exponential(ratio_of(nats, words))},
          {"byte_perplexity", exponential(ratio_of(nats, bytes))},
          {"bits_per_byte", bits}};
}

/// Scores a subset's instances; their lines are appended to `lines`.
Estimates score_subset(SubsetRun& run, const Scoring& scoring, const RequestSet& answers, std::string& lines) {
  std::map<std::string, std::vector<double>> values;
  std::vector<std::string> order;
  for (const Instance& instance : run.made.instances) {
    const Outcome outcome = score_instance(instance, scoring, answers);
    for (const auto& [name, value] : outcome.scores) {
      if (values[name].empty()) order.push_back(name);
      values[name].push_back(value);
    }
    run.n_truncated += outcome.line.contains("n_truncated");
    lines += outcome.line.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
  }
  if (scoring.kind == TaskKind::kPerplexity) return perplexities(values);
  Estimates estimates;
  for (const std::string& name : order) estimates.emplace_back(name, mean_of(values[name]));
  return estimates;
}

/// One line a task, however many subsets it has.
void warn_of_missing_examples(const TaskRun& run, int max_example_tokens) {
  const SubsetRun* worst = nullptr;
  size_t n_short = 0;
  for (const SubsetRun& subset : run.subsets) {
    if (subset.made.n_examples == subset.made.n_examples_wanted) continue;
    ++n_short;
    if (!worst || subset.made.n_examples < worst->made.n_examples) worst = &subset;
  }
  if (!worst) return;
  const std::string where =
      worst->subset.empty() ? "" : fmt::format(" in {} of {} subsets", n_short, run.subsets.size());
  const std::string which = worst->subset.empty() ? "" : fmt::format(" (fewest in {})", worst->subset);
  log_warning("{}: not all examples fit into --max_example_tokens {}{}: {} of {}{}", run.choice.task.name,
              max_example_tokens, where, worst->made.n_examples, worst->made.n_examples_wanted, which);
}

void warn_of_cut_prompts(const TaskRun& run) {
  size_t cut = 0, all = 0;
  for (const SubsetRun& subset : run.subsets) {
    cut += subset.n_truncated;
    all += subset.made.instances.size();
  }
  if (cut > 0)
    log_warning("{}: {} of {} prompts did not fit the model's context and were cut on the left", run.choice.task.name,
                cut, all);
}

Json as_json(const Estimates& estimates) {
  Json json = Json::object();
  for (const auto& [name, estimate] : estimates) json[name] = to_json(estimate);
  return json;
}

Estimates average(const std::vector<const SubsetRun*>& runs) {
  Estimates averages;
  for (size_t metric = 0; metric < runs[0]->estimates.size(); ++metric) {
    std::vector<Estimate> parts;
    for (const SubsetRun* run : runs) parts.push_back(run->estimates[metric].second);
    averages.emplace_back(runs[0]->estimates[metric].first, macro_average(parts));
  }
  return averages;
}

std::string title_of(std::string name) {
  bool first = true;
  for (char& c : name) {
    if (c == '_') c = ' ';
    if (first && c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
    first = c == ' ';
  }
  return name;
}

void add_task_results(const TaskRun& run, Json& results) {
  const std::string& name = run.choice.task.name;
  std::vector<const SubsetRun*> all;
  std::map<std::string, const SubsetRun*> by_name;
  for (const SubsetRun& subset : run.subsets) {
    all.push_back(&subset);
    by_name[subset.subset] = &subset;
  }
  results[name] = as_json(average(all));
  if (run.subsets[0].subset.empty()) return;
  for (const SubsetGroup& group : run.choice.task.groups) {
    std::vector<const SubsetRun*> members;
    for (const std::string& subset : group.subsets)
      if (by_name.contains(subset)) members.push_back(by_name[subset]);
    const bool whole = !group.name.empty() && members.size() == group.subsets.size();
    if (whole) results[name + "[" + title_of(group.name) + "]"] = as_json(average(members));
  }
  for (const SubsetRun& subset : run.subsets) results[name + ":" + subset.subset] = as_json(subset.estimates);
}

std::vector<TaskRun> plan(LanguageModel& model, const EvalOptions& options, RequestSet& requests) {
  std::vector<TaskRun> runs;
  const Ranking ranking = ranking_in_force(options);
  for (TaskChoice& choice : TaskLibrary(options.tasks_dir).choose(options.tasks, options.cot))
    runs.push_back({std::move(choice), {}, {}});
  for (TaskRun& run : runs) {
    run.scoring = scoring_of(run.choice.task, ranking);
    for (const std::string& subset : run.choice.subsets)
      run.subsets.push_back(
          {subset, make_instances({run.choice.task, subset, ranking}, model, options, requests), {}, 0});
    warn_of_missing_examples(run, options.max_example_tokens);
    const std::vector<Instance>& instances = run.subsets[0].made.instances;
    const Instance* first = instances.empty() ? nullptr : &instances[0];
    if (first) log_debug("first prompt of {}:\n{}", run.choice.task.name, first->prompt.context);
  }
  return runs;
}

void validate(const EvalOptions& options) {
  if (options.num_shots < 0) fail("--num_shots", "expected 0 or more, got {}", options.num_shots);
  if (options.sample_num < 1) fail("--sample_num", "expected 1 or more, got {}", options.sample_num);
  if (options.shots_from != "random" && options.shots_from != "first")
    fail("--shots_from", "expected 'random' or 'first', got '{}'", options.shots_from);
  if (options.temperature.value_or(0) < 0)
    fail("--temperature", "expected 0 (greedy) or more, got {}", *options.temperature);
  if (options.max_tokens.value_or(1) < 0) fail("--max_tokens", "expected 0 or more, got {}", *options.max_tokens);
  parse_ranking(options.ranking_type);
}

}  // namespace

Json run_evaluation(LanguageModel& model, const EvalOptions& options) {
  validate(options);
  RequestSet requests;
  std::vector<TaskRun> runs = plan(model, options, requests);
  const std::filesystem::path journal = options.output.empty() ? options.output : options.output / "journal.jsonl";
  FolderLock lock;
  if (!options.output.empty()) {
    std::filesystem::create_directories(options.output);
    lock.take(options.output);
  }
  requests.run(model, {journal, options.model_name, options.overwrite});
  if (requests.n_resumed())
    log_info("{} requests were answered in an earlier run of this command", requests.n_resumed());
  Json results = Json::object();
  for (TaskRun& run : runs) {
    std::string lines;
    for (SubsetRun& subset : run.subsets) subset.estimates = score_subset(subset, run.scoring, requests, lines);
    warn_of_cut_prompts(run);
    add_task_results(run, results);
    if (!options.output.empty()) write_file_atomically(options.output / (run.choice.task.name + ".jsonl"), lines);
  }
  if (!options.output.empty()) write_file_atomically(options.output / "results.json", results.dump(2) + "\n");
  return results;
}

void check_task_data(const EvalOptions& options) {
  for (const TaskChoice& choice : TaskLibrary(options.tasks_dir).choose(options.tasks, options.cot))
    for (const std::string& subset : choice.subsets) {
      const std::string& split = options.evaluation_set.empty() ? choice.task.evaluation_set : options.evaluation_set;
      load_task_rows(choice.task, {subset, split}, options.data_dir);
    }
}

std::string results_table(const Json& results) {
  std::string table = fmt::format("{:<44} {:<18} {:>10} {:>8} {:>7}\n", "task", "metric", "value", "stderr", "n");
  for (const auto& [task, metrics] : results.items()) {
    for (const auto& [metric, estimate] : metrics.items()) {
      const bool is_share = metric.find("perplexity") == std::string::npos && metric != "bits_per_byte";
      const double scale = is_share ? 100 : 1;
      const std::string error =
          estimate["stderr"].is_null() ? "-" : fmt::format("{:.2f}", estimate["stderr"].get<double>() * scale);
      table += fmt::format("{:<44} {:<18} {:>10} {:>8} {:>7}\n", task, metric,
                           fmt::format("{:.2f}{}", estimate["value"].get<double>() * scale, is_share ? " %" : ""),
                           error, estimate["n"].get<int64_t>());
    }
  }
  return table;
}

}  // namespace llmbox
