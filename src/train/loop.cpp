#include "train/loop.h"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>

#include <algorithm>
#include <chrono>
#include <cmath>

#include "adapter/prompt.h"
#include "core/error.h"
#include "core/log.h"
#include "core/rng.h"
#include "data/packing.h"

namespace llmbox {
namespace {

double now() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

LoaderOptions loader_options(const TrainInput& input) {
  const StepChoice& step = input.config.step;
  return {.n_units = static_cast<int64_t>(input.units.size()),
          .batch_size = step.per_device_train_batch_size,
          .accumulation = step.gradient_accumulation_steps,
          .seed = static_cast<uint64_t>(step.data_seed.value_or(step.seed)),
          .shuffle = !input.config.data.disable_shuffling};
}

OptimizerOptions optimizer_options(const TrainConfig& config) {
  return {.beta1 = config.step.adam_beta1,
          .beta2 = config.step.adam_beta2,
          .epsilon = config.step.adam_epsilon,
          .weight_decay = config.step.weight_decay,
          .decay_all = config.step.decay_all,
          .master_weights = !config.model.pure_bf16};
}

/// An interval given as steps, or below 1 as a share of the run.
int64_t interval(double steps, int64_t total) {
  if (steps < 1) steps = std::ceil(steps * static_cast<double>(total));
  return std::max<int64_t>(1, static_cast<int64_t>(steps));
}

/// One flat row of the units of a batch.
PackedRow gather(const std::vector<PackedRow>& units, const std::vector<int64_t>& batch) {
  std::vector<const PackedRow*> rows;
  for (int64_t i : batch) rows.push_back(&units[static_cast<size_t>(i)]);
  return join_rows(rows);
}

/// To so many places behind the point, so that the log shows no binary dust.
double round_to(double value, int places) {
  const double scale = std::pow(10.0, places);
  return std::round(value * scale) / scale;
}

at::Generator generator() { return at::globalContext().defaultGenerator(at::kCPU); }

}  // namespace

double evaluation_loss(Decoder& model, const Objective& objective, std::span<const PackedRow> units,
                       int64_t batch_size) {
  const c10::InferenceMode inference;
  double loss = 0;
  int64_t weight = 0;
  for (size_t begin = 0; begin < units.size(); begin += static_cast<size_t>(batch_size)) {
    std::vector<const PackedRow*> rows;
    for (size_t i = begin; i < std::min(units.size(), begin + static_cast<size_t>(batch_size)); ++i)
      rows.push_back(&units[i]);
    PackedRow row = join_rows(rows);
    if (objective.weight(row) == 0) continue;
    weight += objective.weight(row);
    loss += objective.loss_sum(model, to_device(with_virtual_tokens(row, virtual_token_ids(model)))).item<double>();
  }
  return weight > 0 ? loss / static_cast<double>(weight) : 0;
}

TrainingLoop::TrainingLoop(TrainInput input)
    : input_(std::move(input)),
      objective_(make_objective(input_.config.stage)),
      loader_(loader_options(input_)),
      optimizer_(make_optimizer(input_.config.step.optim, input_.trainable, optimizer_options(input_.config))) {
  const TrainConfig& config = input_.config;
  const double epochs = config.step.num_train_epochs * static_cast<double>(loader_.steps_per_epoch());
  state_.total_steps = config.step.max_steps > 0 ? config.step.max_steps : static_cast<int64_t>(std::ceil(epochs));
  schedule_ = make_schedule(config.step.lr_scheduler_type, {.base_lr = config.step.learning_rate,
                                                            .warmup_steps = config.warmup(state_.total_steps),
                                                            .total_steps = state_.total_steps,
                                                            .kwargs = config.step.lr_scheduler_kwargs});
  logging_steps_ = interval(config.output.logging_steps, state_.total_steps);
  if (config.output.save_strategy == "steps") save_steps_ = interval(config.output.save_steps, state_.total_steps);
  if (config.output.save_strategy == "epoch") save_steps_ = loader_.steps_per_epoch();
  if (config.output.eval_strategy == "steps")
    eval_steps_ = interval(config.output.eval_steps.value_or(config.output.logging_steps), state_.total_steps);
  if (config.output.eval_strategy == "epoch") eval_steps_ = loader_.steps_per_epoch();
  at::Generator random = generator();
  random.set_current_seed(static_cast<uint64_t>(config.step.seed));
  if (input_.checkpoint) restore(*input_.checkpoint);
  journal_ = std::make_unique<TrainJournal>(config.output.output_dir, state_.step);
}

TrainingLoop::~TrainingLoop() = default;

void TrainingLoop::restore(const std::filesystem::path& checkpoint) {
  const int64_t total = state_.total_steps;
  state_ = RunState::from_json(read_json_file(checkpoint / "trainer_state.json"),
                               (checkpoint / "trainer_state.json").string());
  state_.total_steps = total;
  if (!std::filesystem::exists(checkpoint / "optimizer.safetensors"))
    fail("resume", "expected optimizer.safetensors in {}, found none (save_only_model); try overwrite_output_dir=true",
         checkpoint.string());
  SafetensorsFile file = SafetensorsFile::open(checkpoint / "optimizer.safetensors");
  optimizer_->load_state([&](const std::string& name) { return file.tensor(name); });
  at::Generator random = generator();
  random.set_state(file.tensor("torch_rng").clone());
  loader_.set_state(state_.loader);
  log_info("going on from {} (step {} of {})", checkpoint.string(), state_.step, state_.total_steps);
}

double TrainingLoop::accumulate(const std::vector<std::vector<int64_t>>& batches) {
  std::vector<PackedRow> rows;
  int64_t weight = 0;
  for (const std::vector<int64_t>& batch : batches) {
    rows.push_back(gather(input_.units, batch));
    weight += objective_->weight(rows.back());
  }
  double loss = 0;
  grads_.assign(input_.trainable.size(), {});
  const bool drops = input_.config.model.finetuning_type == "lora" && input_.config.model.lora_dropout > 0;
  // Dropout masks follow from seed, step and pass: a resumed run draws the same ones.
  Rng dropout_seeds(static_cast<uint64_t>(input_.config.step.seed), static_cast<uint64_t>(state_.step) + (1ull << 32));
  for (const PackedRow& row : rows) {
    if (drops) set_lora_dropout(input_.model, dropout_seeds.next());
    const int64_t n_tokens = static_cast<int64_t>(row.tokens.size());
    state_.tokens += n_tokens;
    state_.window_tokens += n_tokens;
    if (objective_->weight(row) == 0) continue;
    const DeviceBatch batch = to_device(with_virtual_tokens(row, virtual_token_ids(input_.model)));
    at::Tensor share = objective_->loss_sum(input_.model, batch) / static_cast<double>(weight);
    loss += share.item<double>();
    share.backward();
    at::NoGradGuard no_grad;
    for (size_t i = 0; i < grads_.size(); ++i) {
      at::Tensor& grad = input_.trainable[i].second.mutable_grad();
      if (!grad.defined()) continue;
      // Several passes add up in float32: bf16 sums would lose the small ones.
      if (!grads_[i].defined())
        grads_[i] = rows.size() > 1 ? grad.to(at::kFloat) : grad;
      else
        grads_[i].add_(grad);
      grad.reset();
    }
  }
  if (drops) set_lora_dropout(input_.model, std::nullopt);
  return loss;
}

TrainingLoop::StepResult TrainingLoop::train_step(double rate) {
  StepResult result;
  result.loss = accumulate(loader_.next_step());
  result.grad_norm = global_norm(grads_);
  if (!std::isfinite(result.loss) || !std::isfinite(result.grad_norm)) {
    auto last = last_checkpoint(input_.config.output.output_dir);
    fail("train", "expected a finite loss, got loss {} and gradient norm {} in step {}; {}; try a lower learning_rate",
         result.loss, result.grad_norm, state_.step + 1,
         last ? "the last good checkpoint is " + last->string() : "there is no checkpoint yet");
  }
  optimizer_->step(grads_, rate, clip_factor(result.grad_norm, input_.config.step.max_grad_norm));
  grads_.clear();
  ++state_.step;
  state_.epoch = loader_.epoch();
  state_.window_loss += result.loss;
  state_.loss_total += result.loss;
  ++state_.window_steps;
  return result;
}

bool TrainingLoop::due(int64_t steps) const { return steps > 0 && state_.step % steps == 0; }

void TrainingLoop::log_step(const StepResult& result, double rate) {
  const double time = now(), elapsed = seconds_before_ + time - session_start_;
  const double left =
      elapsed / static_cast<double>(state_.step) * static_cast<double>(state_.total_steps - state_.step);
  const double loss = state_.window_loss / static_cast<double>(state_.window_steps);
  Json line;
  line["current_steps"] = state_.step;
  line["total_steps"] = state_.total_steps;
  line["loss"] = loss;
  line["grad_norm"] = result.grad_norm;
  line["lr"] = rate;
  line["epoch"] = round_to(state_.epoch, 4);
  line["percentage"] = round_to(100.0 * static_cast<double>(state_.step) / static_cast<double>(state_.total_steps), 2);
  line["elapsed_time"] = format_seconds(elapsed);
  line["remaining_time"] = format_seconds(left);
  line["tokens_per_second"] = round_to(static_cast<double>(state_.window_tokens) / std::max(1e-9, time - last_log_), 1);
  line["total_tokens"] = state_.tokens;
  journal_->append(line);
  state_.log_history.push_back({{"epoch", state_.epoch},
                                {"grad_norm", result.grad_norm},
                                {"learning_rate", rate},
                                {"loss", loss},
                                {"step", state_.step}});
  state_.window_loss = 0;
  state_.window_steps = state_.window_tokens = 0;
  last_log_ = time;
}

Json TrainingLoop::evaluate() {
  const double start = now();
  Json metrics = Json::object();
  if (!input_.eval_units.empty()) {
    const double loss =
        evaluation_loss(input_.model, *objective_, input_.eval_units, input_.config.step.per_device_eval_batch_size);
    metrics["eval_loss"] = loss;
    if (input_.config.pretraining()) metrics["eval_perplexity"] = std::exp(loss);
    metrics["eval_runtime"] = round_to(now() - start, 4);
    metrics["eval_samples_per_second"] =
        round_to(static_cast<double>(input_.eval_units.size()) / std::max(1e-9, now() - start), 3);
  }
  if (input_.hooks.evaluate_tasks) metrics.update(input_.hooks.evaluate_tasks(input_.model, state_.step));
  return metrics;
}

void TrainingLoop::log_evaluation(const Json& metrics) {
  Json line{{"current_steps", state_.step}, {"total_steps", state_.total_steps}, {"epoch", round_to(state_.epoch, 4)}};
  Json history{{"epoch", state_.epoch}, {"step", state_.step}};
  std::string shown;
  for (const auto& [key, value] : metrics.items()) {
    history[key] = value;
    if (key.ends_with("runtime") || key.ends_with("per_second")) continue;
    line[key] = value;
    if (value.is_number()) shown += fmt::format("  {} {:.4g}", key, value.get<double>());
  }
  journal_->append(line);
  state_.log_history.push_back(history);
  log_info("step {}:{}", state_.step, shown);
  last_log_ = now();
}

void TrainingLoop::save_weights(const std::filesystem::path& folder) const {
  if (input_.config.model.finetuning_type == "lora")
    save_adapter(input_.model, folder);
  else
    input_.model.save(folder);
}

int64_t TrainingLoop::checkpoint_bytes() const {
  int64_t bytes = input_.config.output.save_only_model ? 0 : optimizer_->state_bytes();
  const bool adapter = input_.config.model.finetuning_type == "lora";
  for (const auto& [name, tensor] : adapter ? input_.trainable : input_.model.parameters())
    bytes += static_cast<int64_t>(tensor.nbytes());
  return bytes + (16 << 20);  // and the tokenizer's files
}

void TrainingLoop::save() {
  const OutputChoice& output = input_.config.output;
  state_.seconds = seconds_before_ + now() - session_start_;
  state_.loader = loader_.state();
  CheckpointParts parts{.save_weights = [&](const std::filesystem::path& folder) { save_weights(folder); },
                        .tensors = {},
                        .state = state_,
                        .tokenizer = input_.tokenizer,
                        .bytes = checkpoint_bytes()};
  if (!output.save_only_model) {
    parts.tensors = optimizer_->state();
    parts.tensors.emplace_back("torch_rng", generator().get_state());
  }
  write_checkpoint(output.output_dir, parts);
  if (output.save_total_limit) prune_checkpoints(output.output_dir, *output.save_total_limit);
}

Json TrainingLoop::run() {
  const OutputChoice& output = input_.config.output;
  session_start_ = last_log_ = now();
  seconds_before_ = state_.seconds;
  int64_t saved = input_.checkpoint ? state_.step : -1;
  Progress progress("training", state_.total_steps, "steps");
  progress.skip(state_.step);
  if (output.eval_on_start && state_.step == 0) log_evaluation(evaluate());
  bool stopped = false;
  while (state_.step < state_.total_steps && !stopped) {
    const double rate = schedule_(state_.step);
    const StepResult result = train_step(rate);
    stopped = input_.hooks.should_stop();
    progress.set_note(fmt::format("loss {:.4f}", result.loss));
    progress.advance();
    if (due(logging_steps_) || (output.logging_first_step && state_.step == 1)) log_step(result, rate);
    if (due(eval_steps_)) log_evaluation(evaluate());
    if (due(save_steps_) || stopped) {
      save();
      saved = state_.step;
    }
  }
  progress.finish();
  if (stopped && state_.step < state_.total_steps) {
    log_warning("stopped after step {}; the same command goes on from {}", state_.step,
                checkpoint_folder(output.output_dir, state_.step).string());
    return {};
  }
  if (save_steps_ > 0 && saved != state_.step) save();
  return finish(seconds_before_ + now() - session_start_);
}

Json TrainingLoop::finish(double seconds) {
  const OutputChoice& output = input_.config.output;
  require_disk_space(output.output_dir, checkpoint_bytes());
  save_weights(output.output_dir);
  copy_tokenizer_files(input_.tokenizer, output.output_dir);
  const double samples = state_.epoch * static_cast<double>(input_.units.size());
  Json metrics{{"epoch", round_to(state_.epoch, 4)},
               {"train_loss", state_.loss_total / static_cast<double>(std::max<int64_t>(1, state_.step))},
               {"train_runtime", round_to(seconds, 4)},
               {"train_samples_per_second", round_to(samples / seconds, 3)},
               {"train_steps_per_second", round_to(static_cast<double>(state_.step) / seconds, 3)},
               {"num_input_tokens_seen", state_.tokens},
               {"train_tokens_per_second", round_to(static_cast<double>(state_.tokens) / seconds, 1)}};
  state_.seconds = seconds;
  state_.loader = loader_.state();
  Json final_line = metrics;
  final_line["step"] = state_.step;
  state_.log_history.push_back(final_line);
  write_results(output.output_dir, "train", metrics);
  write_file_atomically(std::filesystem::path(output.output_dir) / "trainer_state.json",
                        state_.to_json().dump(2) + "\n");
  if (output.plot_loss)
    write_loss_curve(std::filesystem::path(output.output_dir) / "training_loss.svg", state_.log_history);
  return metrics;
}

}  // namespace llmbox
