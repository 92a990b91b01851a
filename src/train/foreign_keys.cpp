#include "train/foreign_keys.h"

#include <algorithm>

#include "core/error.h"

namespace llmbox {
namespace {

constexpr const char* kLauncher = "one process does all the work";
constexpr const char* kOwnKernels = "own kernels are always on";
constexpr const char* kLoader = "data is read and tokenized on all cores";
constexpr const char* kReport = "the run folder holds the log";
constexpr const char* kHub = "models and data are read from local folders";
constexpr const char* kAtomic = "nothing to switch";

constexpr ForeignKey kIgnored[] = {
    {"trust_remote_code", "code of a model folder is never run"},
    {"do_predict", "prediction is llmbox generate"},
    {"ddp_timeout", kLauncher},
    {"ddp_backend", kLauncher},
    {"ddp_find_unused_parameters", kLauncher},
    {"deepspeed", "with one process nothing is sharded; the numbers are the same"},
    {"fsdp", kLauncher},
    {"fsdp_config", kLauncher},
    {"local_rank", kLauncher},
    {"accelerator_config", kLauncher},
    {"low_cpu_mem_usage", "weights are mapped, never copied"},
    {"flash_attn", kOwnKernels},
    {"enable_liger_kernel", kOwnKernels},
    {"use_unsloth", kOwnKernels},
    {"use_unsloth_gc", kOwnKernels},
    {"use_v1_kernels", kOwnKernels},
    {"use_reentrant_gc", kOwnKernels},
    {"use_kv_cache", "training has no cache"},
    {"use_cache", "training has no cache"},
    {"upcast_layernorm", "norms compute in f32 already"},
    {"upcast_lmhead_output", "the loss computes in f32 already"},
    {"tf32", "arithmetic of another device"},
    {"bf16_full_eval", "evaluation runs in the training type"},
    {"fp16_full_eval", "evaluation runs in the training type"},
    {"use_fast_tokenizer", "there is one tokenizer"},
    {"preprocessing_num_workers", kLoader},
    {"dataloader_num_workers", kLoader},
    {"dataloader_pin_memory", kLoader},
    {"dataloader_persistent_workers", kLoader},
    {"dataloader_prefetch_factor", kLoader},
    {"overwrite_cache", "tokenization takes seconds; nothing is cached"},
    {"data_shared_file_system", kLauncher},
    {"buffer_size", "only for streaming"},
    {"group_by_length", "nothing is padded"},
    {"length_column_name", "nothing is padded"},
    {"ignore_pad_token_for_loss", "nothing is padded"},
    {"remove_unused_columns", kAtomic},
    {"label_names", kAtomic},
    {"media_dir", "text only"},
    {"image_max_pixels", "text only"},
    {"image_min_pixels", "text only"},
    {"video_max_pixels", "text only"},
    {"video_min_pixels", "text only"},
    {"video_fps", "text only"},
    {"video_maxlen", "text only"},
    {"freeze_vision_tower", "text only"},
    {"freeze_multi_modal_projector", "text only"},
    {"freeze_language_model", "text only"},
    {"report_to", kReport},
    {"logging_dir", kReport},
    {"logging_strategy", kReport},
    {"log_level", kReport},
    {"disable_tqdm", kReport},
    {"use_swanlab", kReport},
    {"swanlab_project", kReport},
    {"swanlab_run_name", kReport},
    {"swanlab_mode", kReport},
    {"include_num_input_tokens_seen", "tokens are always counted"},
    {"include_tokens_per_second", "tokens are always counted"},
    {"include_effective_tokens_per_second", "tokens are always counted"},
    {"print_param_status", "the preflight screen counts parameters"},
    {"cache_dir", kHub},
    {"model_revision", kHub},
    {"hf_hub_token", kHub},
    {"ms_hub_token", kHub},
    {"om_hub_token", kHub},
    {"push_to_hub", kHub},
    {"hub_model_id", kHub},
    {"infer_backend", "there is one engine"},
    {"infer_dtype", "there is one engine"},
    {"max_new_tokens", "a generation setting"},
    {"temperature", "a generation setting"},
    {"top_p", "a generation setting"},
    {"top_k", "a generation setting"},
    {"do_sample", "a generation setting"},
    {"eval_num_beams", "a generation setting"},
    {"save_safetensors", "weights are always safetensors"},
    {"split_special_tokens", kAtomic},
    {"ray_num_workers", kLauncher},
    {"ray_run_name", kLauncher},
    {"ray_storage_path", kLauncher},
    {"resources_per_worker", kLauncher},
    {"placement_strategy", kLauncher},
};

constexpr ForeignKey kRefused[] = {
    {"quantization_bit", "training on quantized weights"},
    {"quantization_method", "training on quantized weights"},
    {"use_dora", "DoRA"},
    {"pissa_init", "PiSSA"},
    {"pissa_convert", "PiSSA"},
    {"loraplus_lr_ratio", "LoRA+"},
    {"additional_target", "modules trained in full beside an adapter"},
    {"create_new_adapter", "stacked adapters"},
    {"use_llama_pro", "LLaMA-Pro"},
    {"use_galore", "GaLore"},
    {"use_apollo", "APOLLO"},
    {"use_badam", "BAdam"},
    {"use_adam_mini", "Adam-mini"},
    {"use_muon", "Muon"},
    {"use_dft_loss", "the DFT loss"},
    {"use_asft_loss", "the ASFT loss"},
    {"use_eaft_loss", "the EAFT loss"},
    {"use_mca", "Megatron"},
    {"use_kt", "KTransformers"},
    {"ref_model", "preference training"},
    {"reward_model", "PPO"},
    {"pref_loss", "preference training"},
    {"pref_beta", "preference training"},
    {"pref_ftx", "preference training"},
    {"neftune_noise_alpha", "NEFTune"},
    {"shift_attn", "S² attention"},
    {"mixture_of_depths", "mixture of depths"},
    {"rope_scaling", "changing a model's rope"},
    {"add_tokens", "resizing the vocabulary"},
    {"add_special_tokens", "resizing the vocabulary"},
    {"new_special_tokens_config", "resizing the vocabulary"},
    {"moe_aux_loss_coef", "mixture-of-experts training"},
    {"streaming", "streamed data"},
    {"tokenized_path", "tokenized data on disk"},
    {"predict_with_generate", "generation metrics while training"},
    {"compute_accuracy", "accuracy while training (eval_tasks measures it)"},
    {"early_stopping_steps", "early stopping"},
    {"load_best_model_at_end", "keeping the best checkpoint"},
    {"fp8", "FP8 training"},
    {"fp16", "fp16 training: it needs loss scaling; use bf16: true"},
    {"efficient_eos", "efficient_eos"},
};

/// null, false, 0, "", "none" and empty lists switch a feature off.
bool is_off(const Json& value) {
  if (value.is_null()) return true;
  if (value.is_boolean()) return !value.get<bool>();
  if (value.is_number()) return value.get<double>() == 0;
  if (value.is_string()) return value == "" || value == "none" || value == "false";
  return value.empty();
}

const ForeignKey* find_key(std::span<const ForeignKey> table, const std::string& name) {
  auto found = std::find_if(table.begin(), table.end(), [&](const ForeignKey& key) { return name == key.name; });
  return found == table.end() ? nullptr : &*found;
}

}  // namespace

std::span<const ForeignKey> ignored_keys() { return kIgnored; }
std::span<const ForeignKey> refused_keys() { return kRefused; }

std::vector<std::string> take_foreign_keys(Json& recipe, const std::string& where) {
  std::vector<std::string> ignored;
  std::string refused;
  Json rest = Json::object();
  for (const auto& [name, value] : recipe.items()) {
    if (find_key(kIgnored, name)) {
      ignored.push_back(name);
    } else if (const ForeignKey* key = find_key(kRefused, name)) {
      if (!is_off(value)) refused += fmt::format("{}{} ({})", refused.empty() ? "" : ", ", name, key->reason);
    } else {
      rest[name] = value;
    }
  }
  if (!refused.empty()) fail(where, "expected features that llmbox has, got {}; try without", refused);
  recipe = std::move(rest);
  return ignored;
}

}  // namespace llmbox
