#include "eval/instances.h"

#include <numeric>

#include "core/error.h"
#include "core/log.h"
#include "core/rng.h"
#include "eval/numpy_choice.h"
#include "eval/task_rows.h"

namespace llmbox {

namespace {

std::vector<Json> example_pool(const SubsetPlan& plan, const EvalOptions& options) {
  if (!plan.task.examples.empty() && options.example_set.empty()) return plan.task.examples;
  const std::string split = options.example_set.empty() ? plan.task.example_set : options.example_set;
  if (split.empty())
    fail("task " + plan.task.name,
         "expected no examples, got --num_shots {}; the task has no example set; try --example_set", options.num_shots);
  return load_task_rows(plan.task, {plan.subset, split}, options.data_dir);
}

/// The examples before every record of the subset: the pool in order where all of it is used, else drawn with the seed.
std::vector<Record> make_examples(const SubsetPlan& plan, const RecordMaker& maker, const EvalOptions& options) {
  if (options.num_shots <= 0 || plan.task.kind == TaskKind::kPerplexity) return {};
  const std::vector<Json> pool = example_pool(plan, options);
  const auto n = std::min<int64_t>(options.num_shots, static_cast<int64_t>(pool.size()));
  if (n < options.num_shots)
    log_warning("task {}{}: {} shots asked for, {} examples there", plan.task.name,
                plan.subset.empty() ? "" : ":" + plan.subset, options.num_shots, n);
  std::vector<int64_t> order(n);
  std::iota(order.begin(), order.end(), 0);
  if (options.shots_from == "random" && n < static_cast<int64_t>(pool.size()))
    order = numpy_choice(static_cast<uint32_t>(options.seed), static_cast<int64_t>(pool.size()), n);
  std::vector<Record> examples;
  for (const int64_t i : order) examples.push_back(maker.make(pool[i], i));
  return examples;
}

SamplingParams sampling_for(const SubsetPlan& plan, const EvalOptions& options) {
  SamplingParams params = plan.task.generation;
  if (plan.task.kind == TaskKind::kChoice) params.max_tokens = 1, params.stop = {"\n"};
  if (options.max_tokens) params.max_tokens = *options.max_tokens;
  if (options.temperature) params.temperature = *options.temperature;
  if (options.top_p) params.top_p = *options.top_p;
  if (options.top_k) params.top_k = *options.top_k;
  params.stop.insert(params.stop.end(), options.stop.begin(), options.stop.end());
  if (options.sample_num > 1 && params.temperature == 0) params.temperature = 1;
  return params;
}

void add_generation(Instance& instance, const SamplingParams& params, const EvalOptions& options,
                    RequestSet& requests) {
  for (int sample = 0; sample < std::max(1, options.sample_num); ++sample) {
    GenerateRequest request{instance.prompt.context, {}, nullptr, params};
    request.params.seed = params.temperature > 0 ? Rng(options.seed, instance.index * 65536 + sample).next() : 0;
    instance.completions.push_back(requests.add(std::move(request)));
  }
}

void add_scores(Instance& instance, const SubsetPlan& plan, RequestSet& requests) {
  const std::string& context = instance.prompt.context;
  if (plan.ranking != Ranking::kProb) {
    for (const std::string& text : instance.prompt.continuations)
      instance.scores.push_back(requests.add({context, text}));
    return;
  }
  for (const char* blank : {" ", ""})
    for (const std::string& label : instance.record.continuations)
      instance.scores.push_back(requests.add({context, blank + label}));
}

std::vector<int> drawn_order(const SubsetPlan& plan, size_t index, size_t n, const EvalOptions& options) {
  std::vector<int> order(n);
  std::iota(order.begin(), order.end(), 0);
  uint64_t stream = index;
  for (const char c : plan.task.name + ":" + plan.subset) stream = stream * 1'000'003 + static_cast<unsigned char>(c);
  Rng rng(options.seed, stream);
  rng.shuffle(order);
  return order;
}

std::pair<size_t, size_t> rows_to_ask(size_t n, int64_t wanted) {
  if (wanted > 0) return {0, std::min<size_t>(n, wanted)};
  if (wanted < 0) return {n - std::min<size_t>(n, -wanted), n};
  return {0, n};
}

Instance perplexity_instance(const std::string& text, RequestSet& requests) {
  Instance instance;
  instance.prompt.continuations = {text};
  instance.record.references = {text};
  instance.scores = {requests.add(ScoreRequest{"", text})};
  return instance;
}

}  // namespace

Ranking ranking_in_force(const EvalOptions& options) {
  const Ranking ranking = parse_ranking(options.ranking_type);
  return options.sample_num > 1 ? Ranking::kGeneration : ranking;
}

SubsetInstances make_instances(const SubsetPlan& plan, LanguageModel& model, const EvalOptions& options,
                               RequestSet& requests) {
  const TaskSpec& task = plan.task;
  const RecordMaker maker(task, plan.subset, plan.ranking, options.instruction);
  const std::string split = options.evaluation_set.empty() ? task.evaluation_set : options.evaluation_set;
  std::vector<Json> rows = load_task_rows(task, {plan.subset, split}, options.data_dir);
  std::erase_if(rows, [&](const Json& row) { return !maker.keeps(row); });
  const PromptMaker prompts(model, {options.chat.value_or(task.chat), options.system_prompt});
  std::vector<Record> examples = make_examples(plan, maker, options);
  SubsetInstances made;
  made.n_examples_wanted = examples.size();
  made.n_examples = prompts.examples_that_fit(examples, options.max_example_tokens);
  examples.resize(made.n_examples);
  const SamplingParams params = sampling_for(plan, options);
  const auto [begin, end] = rows_to_ask(rows.size(), options.max_evaluation_instances);
  for (size_t i = begin; i < end; ++i) {
    Instance instance;
    if (task.kind == TaskKind::kPerplexity) {
      instance = perplexity_instance(maker.document(rows[i], i), requests);
    } else {
      instance.record = maker.make(rows[i], i);
      if (options.shuffle_choices && !instance.record.options.empty())
        instance.record = maker.make(rows[i], i, drawn_order(plan, i, instance.record.options.size(), options));
      const bool generates = task.kind == TaskKind::kGeneration || plan.ranking == Ranking::kGeneration;
      const bool labels = !generates && plan.ranking == Ranking::kProb;
      instance.prompt = prompts.make(examples, instance.record.source,
                                     generates || labels ? std::vector<std::string>{} : instance.record.continuations);
      instance.index = i;
      if (generates)
        add_generation(instance, params, options, requests);
      else
        add_scores(instance, plan, requests);
      if (const auto free = maker.content_free(instance.record); free && !generates) {
        const Prompt prompt = prompts.make({}, *free, instance.record.continuations);
        for (const std::string& text : prompt.continuations)
          instance.content_free.push_back(requests.add({prompt.context, text}));
      }
    }
    instance.index = i;
    instance.subset = plan.subset;
    made.instances.push_back(std::move(instance));
  }
  return made;
}

}  // namespace llmbox
