// The one training loop: data → forward → loss → backward → clip → step → log, evaluate, save. It owns neither model
// nor data; methods are Objectives. A run that was killed goes on from its last checkpoint bit for bit.
#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "core/progress.h"
#include "data/loader.h"
#include "train/checkpoint.h"
#include "train/config.h"
#include "train/journal.h"
#include "train/objective/objective.h"
#include "train/optim/optimizer.h"
#include "train/schedule.h"
#include "train/trainable.h"

namespace llmbox {

struct TrainHooks {
  /// Runs evaluation tasks on the model as it is: {"eval_TASK_METRIC": number, …}. Empty: none.
  std::function<Json(Decoder& model, int64_t step)> evaluate_tasks;
  /// True: stop after the running step and save (a signal came).
  std::function<bool()> should_stop = [] { return false; };
};

struct TrainInput {
  Decoder& model;
  const TrainConfig& config;
  NamedTensors trainable;
  std::vector<PackedRow> units, eval_units;
  TokenizerFiles tokenizer;
  std::optional<std::filesystem::path> checkpoint;  // to go on from; weights are restored already
  TrainHooks hooks;
};

class TrainingLoop {
 public:
  explicit TrainingLoop(TrainInput input);
  ~TrainingLoop();
  /// Trains to the end (or until should_stop), writes checkpoints and final weights. Returns the train metrics.
  Json run();
  /// Loss on the evaluation units and the tasks' metrics.
  Json evaluate();
  int64_t total_steps() const { return state_.total_steps; }

 private:
  struct StepResult {
    double loss = 0, grad_norm = 0;
  };
  StepResult train_step(double rate);
  double accumulate(const std::vector<std::vector<int64_t>>& batches);
  void log_step(const StepResult& result, double rate);
  void log_evaluation(const Json& metrics);
  void save();
  void save_weights(const std::filesystem::path& folder) const;
  void restore(const std::filesystem::path& checkpoint);
  int64_t checkpoint_bytes() const;
  bool due(int64_t interval) const;
  Json finish(double seconds);

  TrainInput input_;
  std::unique_ptr<Objective> objective_;
  DataLoader loader_;
  std::unique_ptr<Optimizer> optimizer_;
  Schedule schedule_;
  RunState state_;
  std::unique_ptr<TrainJournal> journal_;
  std::vector<at::Tensor> grads_;
  double session_start_ = 0, last_log_ = 0, seconds_before_ = 0;
  int64_t logging_steps_ = 1, save_steps_ = 0, eval_steps_ = 0;
};

/// Mean loss over the targets of these rows, no gradient.
double evaluation_loss(Decoder& model, const Objective& objective, std::span<const PackedRow> units,
                       int64_t batch_size);

}  // namespace llmbox
