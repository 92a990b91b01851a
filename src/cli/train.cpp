// llmbox train RECIPE.yaml [key=value …]: reads the recipe, prepares the data, shows the preflight screen, trains,
// evaluates. A killed run goes on with the same command.
#include <fmt/format.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>

#include "cli/verb.h"
#include "core/atomic_file.h"
#include "core/error.h"
#include "core/fields.h"
#include "core/folder_lock.h"
#include "core/log.h"
#include "eval/runner.h"
#include "infer/local_model.h"
#include "net/hub.h"
#include "train/loop.h"
#include "train/preflight.h"
#include "train/start.h"

namespace llmbox {
namespace {

namespace fs = std::filesystem;

volatile std::sig_atomic_t stop_signal = 0;

void on_signal(int) {
  if (stop_signal != 0) std::_Exit(130);  // a second signal: at once
  stop_signal = 1;
}

void print_train_help() {
  fmt::print(
      "usage: llmbox train RECIPE.yaml [key=value …]\n\nTrains a model from a recipe with LLaMA-Factory's keys; "
      "key=value (or --key value)\n"
      "overrides the recipe. A run that was stopped goes on with the same command.\n\n{}",
      help_text(TrainConfig()));
}

EvalOptions task_options(const TrainConfig& config) {
  EvalOptions options;
  options.tasks = config.output.eval_tasks;
  if (!config.output.eval_task_dir.empty()) options.data_dir = config.output.eval_task_dir;
  options.max_evaluation_instances = config.output.eval_task_samples.value_or(0);
  options.model_name = "training";
  return options;
}

/// {"eval_TASK_METRIC": value} of the recipe's eval_tasks on the model as it is.
Json run_tasks(Decoder& model, const TrainConfig& config, const std::shared_ptr<const Tokenizer>& tokenizer,
               const std::optional<ChatTemplate>& chat_template) {
  LocalModel local(model, tokenizer, chat_template, {});
  Json metrics = Json::object();
  const Json results = run_evaluation(local, task_options(config));
  for (const auto& [task, values] : results.items())
    for (const auto& [metric, value] : values.items())
      if (value.is_object() && value.contains("value"))
        metrics[fmt::format("eval_{}_{}", task, metric)] = value["value"];
  return metrics;
}

/// What a run with a named template leaves behind talks by that template, without being told again.
TokenizerFiles files_of(const TrainConfig& config, const Tokenizer& tokenizer,
                        const std::optional<ChatTemplate>& chat_template) {
  TokenizerFiles files{.folder = config.tokenizer_path(), .added = tokenizer.new_tokens()};
  if (!chat_template || !chat_template->of_table()) return files;
  if (ChatTemplate::find(config.tokenizer_path()) && !chat_template->replaces_jinja()) return files;
  files.chat_template = chat_template->source();
  if (tokenizer.token_to_id(chat_template->eos_replacement())) files.eos_token = chat_template->eos_replacement();
  return files;
}

TrainHooks make_hooks(const TrainConfig& config, const std::shared_ptr<const Tokenizer>& tokenizer,
                      const std::optional<ChatTemplate>& chat_template) {
  TrainHooks hooks;
  hooks.should_stop = [] { return stop_signal != 0; };
  if (!config.output.eval_tasks.empty())
    hooks.evaluate_tasks = [&config, tokenizer, chat_template](Decoder& model, int64_t) {
      return run_tasks(model, config, tokenizer, chat_template);
    };
  return hooks;
}

/// do_eval without do_train.
void evaluate_only(const TrainConfig& config, StartedModel& started, const RunData& data, const TrainHooks& hooks) {
  Json metrics = Json::object();
  if (!data.eval_units.empty())
    metrics["eval_loss"] = evaluation_loss(*started.model, *make_objective(config.stage), data.eval_units,
                                           config.step.per_device_eval_batch_size);
  if (hooks.evaluate_tasks) metrics.update(hooks.evaluate_tasks(*started.model, 0));
  write_results(config.output.output_dir, "eval", metrics);
  fmt::print("{}\n", metrics.dump());
}

void train(const LoadedTrainConfig& loaded) {
  const TrainConfig& config = loaded.config;
  // 1. What there is: the point to go on from, tokenizer, template, data.
  FolderLock lock;
  lock.take(config.output.output_dir);
  const std::optional<fs::path> checkpoint = config.do_train ? resume_point(config) : std::nullopt;
  std::shared_ptr<const Tokenizer> tokenizer = Tokenizer::load(config.tokenizer_path());
  const std::optional<ChatTemplate> chat_template = load_run_template(config, *tokenizer);
  tokenizer = run_tokenizer(config, std::move(tokenizer), chat_template);
  if (!config.output.eval_tasks.empty()) check_task_data(task_options(config));  // before hours of training
  RunData data = load_run_data(config, *tokenizer, chat_template ? &*chat_template : nullptr);
  // 2. The model, and whether all of it fits.
  StartedModel started = start_model(config, checkpoint, tokenizer->vocab_size());
  check_vocabularies(*tokenizer, *started.model);
  const bool colour = ::isatty(STDERR_FILENO) != 0;
  fmt::print(stderr, "{}",
             preflight_screen({.config = config,
                               .ignored = loaded.ignored,
                               .data = data,
                               .tokenizer = *tokenizer,
                               .model = *started.model,
                               .trainable = started.trainable,
                               .colour = colour}));
  if (config.do_train) prepare_output(config, checkpoint.has_value());
  fs::create_directories(config.output.output_dir);
  lock.take(config.output.output_dir);
  write_file_atomically(fs::path(config.output.output_dir) / "train_config.json", dump_fields(config).dump(2) + "\n");
  TrainHooks hooks = make_hooks(config, tokenizer, chat_template);
  if (!config.do_train) return evaluate_only(config, started, data, hooks);
  // 3. The run.
  std::signal(SIGINT, on_signal);
  std::signal(SIGTERM, on_signal);
  TrainingLoop loop({.model = *started.model,
                     .config = config,
                     .trainable = started.trainable,
                     .units = std::move(data.units),
                     .eval_units = std::move(data.eval_units),
                     .tokenizer = files_of(config, *tokenizer, chat_template),
                     .checkpoint = checkpoint,
                     .hooks = std::move(hooks)});
  Json metrics = loop.run();
  if (metrics.is_null()) throw Failure("train", "stopped by a signal; the same command goes on");
  if (config.do_eval) {
    Json evaluation = loop.evaluate();
    write_results(config.output.output_dir, "eval", evaluation);
    metrics.update(evaluation);
  }
  fmt::print("{}\n", metrics.dump());
}

}  // namespace

int run_train(const std::vector<std::string>& args) {
  if (args.empty() || args[0] == "--help" || args[0] == "-h") {
    print_train_help();
    return args.empty() ? 2 : 0;
  }
  LoadedTrainConfig loaded = load_train_config(args);
  loaded.config.model.model_name_or_path = local_model(loaded.config.model.model_name_or_path);
  for (std::string& adapter : loaded.config.model.adapter_name_or_path) adapter = local_model(adapter);
  train(loaded);
  return 0;
}

}  // namespace llmbox
