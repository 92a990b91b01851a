#include "train/config.h"

#include <algorithm>
#include <cmath>

#include "core/error.h"
#include "core/fields.h"
#include "core/yaml.h"
#include "train/foreign_keys.h"
#include "train/schedule.h"

namespace llmbox {
namespace {

bool is_foreign(const std::string& key) {
  auto named = [&](const ForeignKey& foreign) { return key == foreign.name; };
  return std::ranges::any_of(ignored_keys(), named) || std::ranges::any_of(refused_keys(), named);
}

/// Takes the overrides of foreign keys out of the words, so that they reach the same table as the recipe's.
Json take_foreign_words(std::vector<std::string>& words) {
  Json out = Json::object();
  std::vector<std::string> rest;
  for (size_t i = 0; i < words.size(); ++i) {
    const std::string& word = words[i];
    const bool dashed = word.starts_with("--");
    const size_t equals = word.find('=');
    std::string key = word.substr(dashed ? 2 : 0, equals == std::string::npos ? equals : equals - (dashed ? 2 : 0));
    std::replace(key.begin(), key.end(), '-', '_');
    if (!is_foreign(key) || (!dashed && equals == std::string::npos)) {
      rest.push_back(word);
    } else if (equals != std::string::npos) {
      out[key] = plain_scalar(word.substr(equals + 1));
    } else {
      const bool has_value = i + 1 < words.size() && !words[i + 1].starts_with("--");
      out[key] = has_value ? plain_scalar(words[++i]) : Json(true);
    }
  }
  words = std::move(rest);
  return out;
}

/// A recipe given among the words: the one that ends in .yaml, .yml or .json and holds no '='.
std::string take_recipe(std::vector<std::string>& words) {
  for (size_t i = 0; i < words.size(); ++i) {
    if (words[i].starts_with("-") || words[i].find('=') != std::string::npos) continue;
    if (i > 0 && words[i - 1].starts_with("--") && words[i - 1].find('=') == std::string::npos) continue;
    if (!is_config_file(words[i])) continue;
    std::string recipe = words[i];
    words.erase(words.begin() + static_cast<long>(i));
    return recipe;
  }
  return "";
}

}  // namespace

LoadedTrainConfig load_train_config(const std::vector<std::string>& given) {
  std::vector<std::string> words = given;
  LoadedTrainConfig out;
  const std::string recipe = take_recipe(words);
  Json values = recipe.empty() ? Json::object() : read_config_file(recipe);
  if (values.is_null()) values = Json::object();
  const Json foreign = take_foreign_words(words);
  for (const auto& [key, value] : foreign.items()) values[key] = value;
  out.ignored = take_foreign_keys(values, recipe.empty() ? "command line" : recipe);
  if (values.contains("stage") && values["stage"].is_string())
    for (const char* later : {"rm", "ppo", "dpo", "kto"})
      if (values["stage"] == later)
        fail("stage", "expected pt or sft, got {}: preference training is not part of this program", later);
  load_fields(out.config, values, recipe.empty() ? "command line" : recipe);
  std::vector<std::string> left = apply_args(out.config, words);
  if (!left.empty())
    fail("train", "expected one recipe and key=value words, got '{}'; try a file that ends in .yaml", left[0]);
  out.config.validate();
  return out;
}

std::filesystem::path TrainConfig::tokenizer_path() const {
  return model.tokenizer_name_or_path.empty() ? model.model_name_or_path : model.tokenizer_name_or_path;
}

bool TrainConfig::checkpoints_activations() const {
  return !model.disable_gradient_checkpointing && model.gradient_checkpointing.value_or(false);
}

int64_t TrainConfig::warmup(int64_t total) const {
  double steps = step.warmup_steps;
  if (steps <= 0)
    steps = step.warmup_ratio * static_cast<double>(total);
  else if (steps < 1)
    steps *= static_cast<double>(total);
  return static_cast<int64_t>(std::ceil(steps));
}

void TrainConfig::validate() const {
  std::vector<std::string> faults;
  auto rule = [&](bool holds, std::string fault) {
    if (!holds) faults.push_back(std::move(fault));
  };
  rule(!model.model_name_or_path.empty() || (model.train_from_scratch && !model.model_config.empty()),
       "model_name_or_path is needed");
  rule(!tokenizer_path().empty(), "tokenizer_name_or_path is needed where there is no model folder");
  rule(model.model_config.empty() || model.train_from_scratch, "model_config needs train_from_scratch: true");
  rule(!model.train_from_scratch || model.finetuning_type == "full", "train_from_scratch needs finetuning_type: full");
  rule(!model.resize_vocab || (model.finetuning_type == "full" && !model.train_from_scratch),
       "resize_vocab needs finetuning_type: full, for the new rows must be learned and saved");
  rule(model.adapter_name_or_path.empty() || model.finetuning_type == "lora",
       "adapter_name_or_path needs finetuning_type: lora");
  rule(!do_train || !data.dataset.empty(), "dataset is needed for do_train");
  rule(do_train || do_eval, "do_train: true (or do_eval: true) is needed");
  rule(data.val_size == 0 || data.eval_dataset.empty(), "val_size and eval_dataset exclude each other");
  rule(data.val_size == 0 || !data.dataset.empty(), "val_size needs dataset");
  const bool evaluates = do_eval || output.eval_strategy != "no";
  rule(!evaluates || data.val_size > 0 || !data.eval_dataset.empty() || !output.eval_tasks.empty(),
       "evaluation needs eval_dataset, val_size or eval_tasks");
  rule(!pretraining() || !(data.train_on_prompt || data.mask_history),
       "train_on_prompt and mask_history are for stage sft");
  rule(!pretraining() || !data.neat_packing, "neat_packing is for stage sft");
  rule(!(data.train_on_prompt && data.mask_history), "train_on_prompt and mask_history exclude each other");
  rule(data.cutoff_len >= 2, "cutoff_len must be at least 2");
  rule(!data.max_samples || *data.max_samples >= 1, "max_samples must be at least 1 (null: all)");
  rule(data.val_size >= 0, "val_size must not be negative");
  rule(model.lora_rank >= 1, "lora_rank must be at least 1");
  rule(model.lora_dropout >= 0 && model.lora_dropout < 1, "lora_dropout must lie in [0, 1)");
  rule(step.per_device_train_batch_size >= 1 && step.per_device_eval_batch_size >= 1, "batch sizes must be at least 1");
  rule(step.gradient_accumulation_steps >= 1, "gradient_accumulation_steps must be at least 1");
  rule(step.learning_rate >= 0, "learning_rate must not be negative");
  rule(step.num_train_epochs > 0 || step.max_steps > 0, "num_train_epochs or max_steps must be above 0");
  rule(step.warmup_ratio >= 0 && step.warmup_ratio <= 1, "warmup_ratio must lie in [0, 1]");
  rule(step.warmup_steps >= 0, "warmup_steps must not be negative");
  rule(step.weight_decay >= 0, "weight_decay must not be negative");
  rule(step.adam_beta1 >= 0 && step.adam_beta1 < 1 && step.adam_beta2 >= 0 && step.adam_beta2 < 1,
       "adam_beta1 and adam_beta2 must lie in [0, 1)");
  rule(!output.output_dir.empty(), "output_dir is needed");
  rule(output.logging_steps > 0, "logging_steps must be above 0");
  rule(output.save_steps > 0, "save_steps must be above 0");
  rule(!output.eval_steps || *output.eval_steps > 0, "eval_steps must be above 0");
  rule(!output.save_total_limit || *output.save_total_limit >= 1, "save_total_limit must be at least 1");
  if (faults.empty()) {
    make_schedule(step.lr_scheduler_type, {.total_steps = 1, .kwargs = step.lr_scheduler_kwargs});  // refuses by itself
    return;
  }
  std::string all;
  for (const std::string& fault : faults) all += (all.empty() ? "" : "; ") + fault;
  fail("train", "expected a consistent recipe, got: {}", all);
}

}  // namespace llmbox
