#include "train/preflight.h"

#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <filesystem>

#include "core/error.h"
#include "data/preview.h"
#include "train/checkpoint.h"

namespace llmbox {
namespace {

int64_t bytes_of(const NamedTensors& tensors) {
  int64_t bytes = 0;
  for (const auto& [name, tensor] : tensors) bytes += static_cast<int64_t>(tensor.nbytes());
  return bytes;
}

int64_t elements_of(const NamedTensors& tensors) {
  int64_t n = 0;
  for (const auto& [name, tensor] : tensors) n += tensor.numel();
  return n;
}

std::string megabytes(int64_t bytes) { return fmt::format("{:.0f} MB", static_cast<double>(bytes) / 1e6); }

int64_t physical_memory() { return int64_t{::sysconf(_SC_PHYS_PAGES)} * ::sysconf(_SC_PAGE_SIZE); }

std::string join(const std::vector<std::string>& words) {
  std::string out;
  for (const std::string& word : words) out += (out.empty() ? "" : ", ") + word;
  return out;
}

std::string dataset_lines(const std::vector<DatasetCount>& counts, const char* title) {
  std::string out;
  for (const DatasetCount& count : counts) {
    out += fmt::format("{:<12}{}: {} rows", title, count.name, count.rows);
    if (count.broken > 0) out += fmt::format(", {} broken", count.broken);
    if (count.no_reply > 0) out += fmt::format(", {} without a reply", count.no_reply);
    out += "\n";
    for (const std::string& fault : count.first_faults) out += fmt::format("{:<12}  {}\n", "", fault);
  }
  return out;
}

std::string sample_lines(const TokenizedSet& set, const std::vector<PackedRow>& units, const TrainConfig& config) {
  std::string out = fmt::format(
      "{:<12}{} with {} tokens, {} of them targets; longest {}; {} prompts and {} replies cut to {}; {} without a "
      "trainable token "
      "dropped\n",
      "samples", set.samples.size(), set.n_tokens, set.n_targets, set.longest, set.n_prompt_cut, set.n_reply_cut,
      config.data.cutoff_len, set.n_no_target);
  if (set.n_faulty > 0)
    out += fmt::format("{:<12}{} samples dropped that the template refuses: {}\n", "", set.n_faulty, set.first_fault);
  if (config.packs()) {
    const double filled = 100.0 * static_cast<double>(set.n_tokens) /
                          static_cast<double>(static_cast<int64_t>(units.size()) * config.data.cutoff_len);
    out += fmt::format("{:<12}{} rows of up to {} tokens, {:.1f} % filled\n", "packing", units.size(),
                       config.data.cutoff_len, filled);
  }
  return out;
}

/// Width of the feed-forward that a token passes: of a mixture, those of its experts.
int64_t inner_size(const LayerSpec& layer) {
  if (!layer.moe) return layer.ffn.up.out;
  const int64_t expert = layer.moe->experts.empty() ? layer.moe->fused->inner : layer.moe->experts[0].up.out;
  return expert * layer.moe->router.n_chosen + (layer.moe->shared ? layer.moe->shared->up.out : 0);
}

}  // namespace

int64_t largest_batch_tokens(const TrainConfig& config, const std::vector<PackedRow>& units) {
  std::vector<int64_t> lengths;
  for (const PackedRow& unit : units) lengths.push_back(static_cast<int64_t>(unit.tokens.size()));
  std::sort(lengths.rbegin(), lengths.rend());
  int64_t tokens = 0;
  for (size_t i = 0; i < std::min(lengths.size(), static_cast<size_t>(config.step.per_device_train_batch_size)); ++i)
    tokens += lengths[i];
  return tokens;
}

MemoryPlan plan_memory(const Decoder& model, const TrainConfig& config, const NamedTensors& trainable,
                       int64_t row_tokens) {
  MemoryPlan plan;
  const NamedTensors all = model.parameters();
  plan.weights = bytes_of(all);
  plan.gradients = bytes_of(trainable);
  const bool half = config.model.pure_bf16;
  plan.optimizer = elements_of(trainable) * (half                                                          ? 4
                                             : config.model.bf16 && config.model.finetuning_type != "lora" ? 12
                                                                                                           : 8);
  // What a layer keeps for its backward pass: about 12 rows of hidden size and 4 of the feed-forward size, or the
  // layer's input alone where activations are recomputed.
  int64_t kept = 0;
  for (const LayerSpec& layer : model.spec().layers)
    kept += model.spec().hidden_size * (config.checkpoints_activations() ? 1 : 12) +
            (config.checkpoints_activations() ? 0 : 4 * inner_size(layer));
  plan.activations = row_tokens * kept * (model.dtype() == at::kFloat ? 4 : 2);
  return plan;
}

std::string preflight_screen(const PreflightInput& in) {
  const TrainConfig& config = in.config;
  std::string out;
  if (!in.ignored.empty()) out += fmt::format("{:<12}{}\n", "ignored", join(in.ignored));
  out += dataset_lines(in.data.counts, "data") + dataset_lines(in.data.eval_counts, "evaluation");
  out += sample_lines(in.data.train, in.data.units, config);
  if (!in.data.eval_units.empty()) out += fmt::format("{:<12}{} samples\n", "evaluation", in.data.eval.samples.size());
  const int64_t all = elements_of(in.model.parameters()), trained = elements_of(in.trainable);
  out += fmt::format("{:<12}{}, {} of {} parameters train ({:.2f} %), {}\n", "model", config.model.finetuning_type,
                     trained, all, 100.0 * static_cast<double>(trained) / static_cast<double>(all),
                     in.model.dtype() == at::kFloat ? "f32" : "bf16");
  MemoryPlan plan = plan_memory(in.model, config, in.trainable, largest_batch_tokens(config, in.data.units));
  out += fmt::format("{:<12}about {} (weights {}, gradients {}, optimizer {}, activations {}{}) of {}\n", "memory",
                     megabytes(plan.total()), megabytes(plan.weights), megabytes(plan.gradients),
                     megabytes(plan.optimizer), megabytes(plan.activations),
                     config.checkpoints_activations() ? ", recomputed" : "", megabytes(physical_memory()));
  if (plan.total() > physical_memory())
    fail("train",
         "expected a run that fits {} of memory, got about {}; try gradient_checkpointing=true, a smaller batch or "
         "finetuning_type=lora",
         megabytes(physical_memory()), megabytes(plan.total()));
  const int64_t need = plan.weights + plan.optimizer;
  require_disk_space(config.output.output_dir, need);
  out += fmt::format("{:<12}{} for a checkpoint in {}\n", "disk", megabytes(need), config.output.output_dir);
  if (!in.data.train.samples.empty()) {
    out += fmt::format("first sample ({}):\n", in.colour ? "targets in green" : "targets in ⟦ ⟧");
    out += preview_sample(in.data.train.samples[0], in.tokenizer, {.colour = in.colour, .most_tokens = 256}) + "\n";
  }
  return out;
}

}  // namespace llmbox
