// llmbox export: merges adapters into a model, re-shards it and writes a folder that transformers opens. Takes
// LLaMA-Factory's export files.
#include <fmt/format.h>

#include "adapter/lora.h"
#include "chat/chat_template.h"
#include "cli/verb.h"
#include "core/atomic_file.h"
#include "core/error.h"
#include "core/fields.h"
#include "core/log.h"
#include "quant/load.h"

namespace llmbox {

namespace {

namespace fs = std::filesystem;

struct ExportConfig {
  std::string model, export_dir, chat_template, finetuning_type = "lora", export_device = "cpu", dtype = "auto";
  std::vector<std::string> adapters;
  double export_size = 5;
  bool trust_remote_code = false, legacy = false;

  template <class V>
  void fields(V& v) {
    v("model_name_or_path", model, "model folder");
    v.alias("model_name_or_path", "model");
    v.alias("model_name_or_path", "m");
    v("adapter_name_or_path", adapters, "LoRA folders, merged in this order");
    v.alias("adapter_name_or_path", "adapter");
    v("export_dir", export_dir, "folder to write");
    v("export_size", export_size, "most gigabytes of one weight file");
    v("template", chat_template, "chat template to write with the tokenizer; empty: the model's own");
    v.choice("finetuning_type", finetuning_type, {"lora", "full", "freeze"}, "how the model was trained");
    v.choice("infer_dtype", dtype, {"auto", "float32", "bfloat16", "float16"}, "type to write; auto: the config's");
    v.choice("export_device", export_device, {"cpu", "auto"}, "where the merge runs");
    v("export_legacy_format", legacy, "must be false: weights are always safetensors");
    v("trust_remote_code", trust_remote_code, "of no effect: llmbox runs no code of a model folder");
  }

  void validate() const {
    if (model.empty()) fail("export", "expected model_name_or_path, got none; try --model DIR");
    if (export_dir.empty()) fail("export", "expected export_dir, got none; try --export_dir DIR");
    if (export_size <= 0) fail("export_size", "expected more than 0 GB, got {}", export_size);
    if (legacy) fail("export_legacy_format", "expected false, got true; weights are written as safetensors");
    if (!fs::exists(model)) fail("model_name_or_path", "expected a model folder, '{}' is none", model);
    if (fs::exists(export_dir) && fs::equivalent(model, export_dir))
      fail("export_dir", "expected another folder than the model's, got '{}'", export_dir);
  }
};

at::ScalarType choose_dtype(const ExportConfig& options) {
  std::string name = options.dtype;
  if (name == "auto") {
    const Json config = read_json_file(fs::path(options.model) / "config.json");
    for (const char* key : {"torch_dtype", "dtype"})
      if (config.contains(key) && config[key].is_string()) name = config[key].get<std::string>();
  }
  if (name == "bfloat16") return at::kBFloat16;
  return name == "float16" ? at::kHalf : at::kFloat;
}

/// What makes a model folder complete beside config and weights. Adapter folders may bring newer ones.
void copy_companions(const fs::path& from, const fs::path& to) {
  for (const char* name :
       {"tokenizer.json", "tokenizer_config.json", "tokenizer.model", "special_tokens_map.json", "added_tokens.json",
        "vocab.json", "merges.txt", "generation_config.json", "chat_template.jinja", "chat_template.json"}) {
    if (fs::exists(from / name)) write_file_atomically(to / name, read_text_file(from / name));
  }
}

ExportConfig read_arguments(const std::vector<std::string>& args) {
  ExportConfig config;
  const bool has_file = args[0].ends_with(".yaml") || args[0].ends_with(".yml") || args[0].ends_with(".json");
  if (has_file) load_yaml_file(config, args[0]);
  const auto words = apply_args(config, {args.begin() + (has_file ? 1 : 0), args.end()});
  if (!words.empty()) fail("export", "expected keys and values, got '{}'; try llmbox export --help", words[0]);
  config.validate();
  return config;
}

}  // namespace

int run_export(const std::vector<std::string>& args) {
  if (args.empty() || args[0] == "--help" || args[0] == "-h") {
    fmt::print("usage: llmbox export [EXPORT.yaml] [key=value…]\n\n{}", help_text(ExportConfig{}));
    return args.empty() ? 2 : 0;
  }
  const ExportConfig config = read_arguments(args);
  std::optional<ChatTemplate> chat_template;
  if (!config.chat_template.empty()) chat_template = ChatTemplate::load(config.chat_template);
  const at::NoGradGuard no_grad;
  const auto model = load_decoder(config.model, {.dtype = choose_dtype(config)});
  for (const std::string& adapter : config.adapters) {
    load_adapter(*model, adapter, false);
    merge_adapters(*model);
  }
  model->save(config.export_dir, static_cast<int64_t>(config.export_size * 1e9));
  copy_companions(config.model, config.export_dir);
  for (const std::string& adapter : config.adapters) copy_companions(adapter, config.export_dir);
  if (chat_template)
    write_file_atomically(fs::path(config.export_dir) / "chat_template.jinja", chat_template->source());
  log_info("wrote {}", config.export_dir);
  return 0;
}

}  // namespace llmbox
