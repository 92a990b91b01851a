// A training run as its recipe says it. Keys are LLaMA-Factory's, with its defaults; keys of our own are marked so.
// Read with load_train_config(), which also takes out keys without a meaning here (foreign_keys.h) and checks the rules
// between keys.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "core/json.h"
#include "train/optim/optimizer.h"

namespace llmbox {

/// Which model, and what of it is trained.
struct ModelChoice {
  std::string model_name_or_path;
  std::string model_config;            // ours
  std::string tokenizer_name_or_path;  // ours
  bool train_from_scratch = false;
  bool resize_vocab = false;
  std::vector<std::string> adapter_name_or_path;
  std::string finetuning_type = "lora";
  int64_t lora_rank = 8;
  std::optional<double> lora_alpha;
  double lora_dropout = 0;
  std::vector<std::string> lora_target = {"all"};
  bool use_rslora = false;
  int64_t freeze_trainable_layers = 2;
  std::vector<std::string> freeze_trainable_modules = {"all"};
  std::vector<std::string> freeze_extra_modules;
  std::string device = "auto";  // ours
  bool bf16 = false;
  bool pure_bf16 = false;
  bool disable_gradient_checkpointing = false;
  std::optional<bool> gradient_checkpointing;

  template <class V>
  void fields(V& v);
};

/// Which data, and how it becomes rows of tokens.
struct DataChoice {
  std::vector<std::string> dataset, eval_dataset;
  std::string dataset_dir = "data";
  std::string template_name;
  std::string tool_format;
  std::optional<std::string> default_system;
  Json enable_thinking = true;  // true, false or null
  bool preserve_thinking = false;
  int64_t cutoff_len = 2048;
  std::optional<int64_t> max_samples;
  double val_size = 0;
  bool train_on_prompt = false, mask_history = false;
  std::optional<bool> packing;
  bool neat_packing = false;
  bool packing_isolation = true;  // ours
  int64_t preprocessing_batch_size = 1000;
  std::string mix_strategy = "concat";
  std::vector<double> interleave_probs;
  bool disable_shuffling = false;

  template <class V>
  void fields(V& v);
};

/// Steps, rates and the optimizer.
struct StepChoice {
  int64_t per_device_train_batch_size = 8, per_device_eval_batch_size = 8, gradient_accumulation_steps = 1;
  double learning_rate = 5e-5, num_train_epochs = 3;
  int64_t max_steps = -1;
  std::string lr_scheduler_type = "linear";
  Json lr_scheduler_kwargs;
  double warmup_ratio = 0;
  double warmup_steps = 0;
  std::string optim = "adamw_torch";
  double weight_decay = 0, adam_beta1 = 0.9, adam_beta2 = 0.999, adam_epsilon = 1e-8, max_grad_norm = 1.0;
  bool decay_all = false;  // ours
  int64_t seed = 42;
  std::optional<int64_t> data_seed;

  template <class V>
  void fields(V& v);
};

/// Where results go and when.
struct OutputChoice {
  std::string output_dir = "trainer_output";
  bool overwrite_output_dir = false;
  std::string run_name;
  double logging_steps = 10;
  bool logging_first_step = false;
  std::string save_strategy = "steps";
  double save_steps = 500;
  std::optional<int64_t> save_total_limit;
  bool save_only_model = false;
  bool plot_loss = false;
  std::string eval_strategy = "no";
  std::optional<double> eval_steps;
  bool eval_on_start = false;
  std::vector<std::string> eval_tasks;       // ours
  std::string eval_task_dir;                 // ours
  std::optional<int64_t> eval_task_samples;  // ours
  Json resume_from_checkpoint;

  template <class V>
  void fields(V& v);
};

struct TrainConfig {
  std::string stage = "sft";
  bool do_train = false;
  bool do_eval = false;
  ModelChoice model;
  DataChoice data;
  StepChoice step;
  OutputChoice output;

  template <class V>
  void fields(V& v) {
    v.choice("stage", stage, {"pt", "sft"}, "pt: text, every token is learned; sft: conversations, replies are");
    v("do_train", do_train, "train; with do_eval alone the model is only evaluated");
    v("do_eval", do_eval, "evaluate at the end");
    model.fields(v);
    data.fields(v);
    step.fields(v);
    output.fields(v);
  }

  bool pretraining() const { return stage == "pt"; }
  bool packs() const { return data.neat_packing || data.packing.value_or(pretraining()); }
  bool checkpoints_activations() const;
  double lora_alpha() const { return model.lora_alpha.value_or(2.0 * static_cast<double>(model.lora_rank)); }
  std::filesystem::path tokenizer_path() const;
  /// Warm-up steps of a run of `total` steps: warmup_steps (a share below 1), else the ratio, rounded up.
  int64_t warmup(int64_t total) const;
  /// The rules between keys; throws one Error that lists every broken one.
  void validate() const;
};

template <class V>
void ModelChoice::fields(V& v) {
  v("model_name_or_path", model_name_or_path, "model folder (config.json, safetensors, tokenizer)");
  v("model_config", model_config,
    "config.json of a model to make (with train_from_scratch); empty: the model folder's");
  v("tokenizer_name_or_path", tokenizer_name_or_path, "folder of the tokenizer; empty: the model folder");
  v("train_from_scratch", train_from_scratch, "start from random weights");
  v("resize_vocab", resize_vocab, "give the template's marks tokens of their own and the model rows for them");
  v("adapter_name_or_path", adapter_name_or_path,
    "LoRA adapters: all but the last are merged, the last goes on training");
  v.choice("finetuning_type", finetuning_type, {"lora", "freeze", "full"}, "what is trained");
  v("lora_rank", lora_rank, "rank of the adapter");
  v("lora_alpha", lora_alpha, "scale × rank; null: twice the rank");
  v("lora_dropout", lora_dropout, "share of the adapter's inputs dropped");
  v("lora_target", lora_target, "names of linear layers, or all");
  v("use_rslora", use_rslora, "scale by 1/sqrt(rank) instead of 1/rank");
  v("freeze_trainable_layers", freeze_trainable_layers, "freeze: the last n layers train; below 0: the first n");
  v("freeze_trainable_modules", freeze_trainable_modules, "freeze: names of modules inside those layers, or all");
  v("freeze_extra_modules", freeze_extra_modules, "freeze: names of modules outside the layers that train too");
  v("device", device, "auto (the GPU where there is one), cpu, cuda, cuda:N");
  v("bf16", bf16, "compute in bf16; the optimizer keeps f32 weights");
  v("pure_bf16", pure_bf16, "weights and optimizer in bf16");
  v("disable_gradient_checkpointing", disable_gradient_checkpointing, "keep all activations: faster, more memory");
  v("gradient_checkpointing", gradient_checkpointing, "recompute activations; null: only where memory needs it");
}

template <class V>
void DataChoice::fields(V& v) {
  v("dataset", dataset, "names in dataset_info.json");
  v("eval_dataset", eval_dataset, "names of the sets to evaluate on");
  v("dataset_dir", dataset_dir, "folder of dataset_info.json");
  v("template", template_name, "chat template: a name, a folder or a file; empty: the model's own");
  v("tool_format", tool_format, "how tools and calls are written; empty: as the template says");
  v("default_system", default_system, "in place of the template's own; null: that one");
  v("enable_thinking", enable_thinking,
    "reasoning templates: true: an empty thought is learned, false: it is read and thoughts are dropped, null: it is "
    "read");
  v("preserve_thinking", preserve_thinking, "reasoning templates: thoughts of earlier replies stay");
  v("cutoff_len", cutoff_len, "longest sample, and size of a packed row, tokens");
  v("max_samples", max_samples, "first n rows of each set; null: all");
  v("val_size", val_size, "validation part of the training set: n ≥ 1 samples or a share");
  v("train_on_prompt", train_on_prompt, "the prompt's tokens are learned too");
  v("mask_history", mask_history, "only the last reply is learned");
  v("packing", packing, "several samples a row; null: for stage pt only");
  v("neat_packing", neat_packing, "the same as packing here: packed samples never see each other");
  v("packing_isolation", packing_isolation, "stage pt: documents of a block do not see each other");
  v("preprocessing_batch_size", preprocessing_batch_size, "samples that are packed together at a time");
  v.choice("mix_strategy", mix_strategy, {"concat", "interleave_under", "interleave_over", "interleave_once"},
           "how several sets are joined");
  v("interleave_probs", interleave_probs, "share of each set when interleaving; empty: in turn");
  v("disable_shuffling", disable_shuffling, "keep the data's order");
}

template <class V>
void StepChoice::fields(V& v) {
  v("per_device_train_batch_size", per_device_train_batch_size, "samples (or packed rows) of a forward pass");
  v("per_device_eval_batch_size", per_device_eval_batch_size, "the same in evaluation");
  v("gradient_accumulation_steps", gradient_accumulation_steps, "passes of a step");
  v("learning_rate", learning_rate, "peak rate, per step");
  v("num_train_epochs", num_train_epochs, "passes over the data");
  v("max_steps", max_steps, "steps of the run; -1: by num_train_epochs");
  v("lr_scheduler_type", lr_scheduler_type, "schedule of the rate: linear, cosine, constant, constant_with_warmup …");
  v("lr_scheduler_kwargs", lr_scheduler_kwargs, "the schedule's own arguments");
  v("warmup_ratio", warmup_ratio, "share of the steps that warm up");
  v("warmup_steps", warmup_steps, "steps that warm up; below 1: a share; 0: by warmup_ratio");
  v.choice("optim", optim, optimizer_names(), "optimizer");
  v("weight_decay", weight_decay, "decoupled decay, per unit of rate");
  v("adam_beta1", adam_beta1, "decay of the mean of gradients");
  v("adam_beta2", adam_beta2, "decay of the mean of squared gradients");
  v("adam_epsilon", adam_epsilon, "added to the root");
  v("max_grad_norm", max_grad_norm, "gradients are scaled down to this norm; 0: never");
  v("decay_all", decay_all, "weight decay on biases and norms too");
  v("seed", seed, "of weights, order and dropout");
  v("data_seed", data_seed, "of the order of the data; null: seed");
}

template <class V>
void OutputChoice::fields(V& v) {
  v("output_dir", output_dir, "the run folder");
  v("overwrite_output_dir", overwrite_output_dir, "start anew where the folder holds a run; false: go on with it");
  v("run_name", run_name, "a name for the log");
  v("logging_steps", logging_steps, "steps between log lines; below 1: a share of the run");
  v("logging_first_step", logging_first_step, "log the first step too");
  v.choice("save_strategy", save_strategy, {"steps", "epoch", "no"}, "when checkpoints are written");
  v("save_steps", save_steps, "steps between checkpoints; below 1: a share of the run");
  v("save_total_limit", save_total_limit, "checkpoints to keep; null: all");
  v("save_only_model", save_only_model, "checkpoints without the optimizer: they cannot be resumed");
  v("plot_loss", plot_loss, "write training_loss.svg");
  v.choice("eval_strategy", eval_strategy, {"no", "steps", "epoch"}, "when the model is evaluated");
  v.alias("eval_strategy", "evaluation_strategy");  // its name before transformers 4.46
  v("eval_steps", eval_steps, "steps between evaluations; null: logging_steps");
  v("eval_on_start", eval_on_start, "evaluate before the first step");
  v("eval_tasks", eval_tasks, "evaluation tasks run with each evaluation");
  v("eval_task_dir", eval_task_dir, "data folder of those tasks");
  v("eval_task_samples", eval_task_samples, "first n instances of each task; null: all");
  v("resume_from_checkpoint", resume_from_checkpoint,
    "a checkpoint folder, or true: the last one; automatic where the run folder has one");
}

/// A recipe, read: the config and what was set aside.
struct LoadedTrainConfig {
  TrainConfig config;
  std::vector<std::string> ignored;  // keys without a meaning here
};

/// `words`: the recipe file and key=value overrides (also --key value), in any order. Throws Error.
LoadedTrainConfig load_train_config(const std::vector<std::string>& words);

}  // namespace llmbox
