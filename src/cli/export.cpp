// llmbox export: merges adapters into a model and writes it as a folder that transformers opens, as a GGUF file that
// llama.cpp opens, or as llama2.c's. Takes LLaMA-Factory's export files.
#include <fmt/format.h>

#include "adapter/adapter.h"
#include "chat/chat_template.h"
#include "cli/verb.h"
#include "core/atomic_file.h"
#include "core/error.h"
#include "core/fields.h"
#include "core/log.h"
#include "model/gguf/model.h"
#include "model/gguf/tokenizer.h"
#include "model/llama2c.h"
#include "model/save.h"
#include "net/hub.h"
#include "quant/load.h"
#include "tokenizer/gguf_to_hub.h"

namespace llmbox {

namespace {

namespace fs = std::filesystem;

struct ExportConfig {
  std::string model, export_dir, chat_template, finetuning_type = "lora", export_device = "cpu", dtype = "auto";
  std::string to = "hf", gguf_type = "f16";
  std::vector<std::string> adapters;
  double export_size = 5;
  bool trust_remote_code = false, legacy = false;

  template <class V>
  void fields(V& v) {
    v("model_name_or_path", model, "model folder, GGUF file or model of llama2.c");
    v.alias("model_name_or_path", "model");
    v.alias("model_name_or_path", "m");
    v("adapter_name_or_path", adapters, "adapter folders, merged in this order");
    v.alias("adapter_name_or_path", "adapter");
    v("export_dir", export_dir, "folder to write; with gguf and llama2c also a file NAME.gguf, NAME.bin");
    v.choice("export_to", to, {"hf", "gguf", "llama2c"}, "a folder of safetensors, a GGUF file, or llama2.c's .bin");
    v.alias("export_to", "to");
    v.choice("export_type", gguf_type, {"f32", "f16", "bf16", "q8_0", "q6_k", "q4_k_m", "q4_0"},
             "type of the matrices in a GGUF file");
    v.alias("export_type", "type");
    v("export_size", export_size, "most gigabytes of one weight file");
    v("template", chat_template, "chat template to write with the tokenizer; empty: the model's own");
    v.choice("finetuning_type", finetuning_type, {"lora", "full", "freeze"}, "how the model was trained");
    v.choice("infer_dtype", dtype, {"auto", "float32", "bfloat16", "float16"}, "type to write; auto: the config's");
    v.choice("export_device", export_device, {"cpu", "auto"}, "where the merge runs");
    v("export_legacy_format", legacy, "write pytorch_model.bin instead of safetensors");
    v("trust_remote_code", trust_remote_code, "of no effect: llmbox runs no code of a model folder");
  }

  void validate() const {
    if (model.empty()) fail("export", "expected model_name_or_path, got none; try --model DIR");
    if (export_dir.empty()) fail("export", "expected export_dir, got none; try --export_dir DIR");
    if (export_size <= 0) fail("export_size", "expected more than 0 GB, got {}", export_size);
    if (!fs::exists(model)) fail("model_name_or_path", "expected a model folder or file, '{}' is none", model);
    if (fs::exists(export_dir) && fs::equivalent(model, export_dir))
      fail("export_dir", "expected another folder than the model's, got '{}'", export_dir);
  }
};

/// The type that was asked for; auto: that of config.json.
at::ScalarType choose_dtype(std::string name, const Json& config) {
  if (name == "auto") {
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
  const bool has_file = is_config_file(args[0]);
  if (has_file) load_yaml_file(config, args[0]);
  const auto words = apply_args(config, {args.begin() + (has_file ? 1 : 0), args.end()});
  if (!words.empty()) fail("export", "expected keys and values, got '{}'; try llmbox export --help", words[0]);
  config.model = local_model(config.model);
  for (std::string& adapter : config.adapters) adapter = local_model(adapter);
  config.validate();
  return config;
}

/// export_dir where it names a file of this kind; else a file in that folder, named after the model, `mark` behind.
fs::path single_file(const ExportConfig& config, const char* extension, const std::string& mark = "") {
  const fs::path target = config.export_dir;
  if (target.extension() == extension) return target;
  fs::path name = fs::path(config.model).lexically_normal();
  if (!name.has_filename()) name = name.parent_path();
  return target / (name.stem().string() + mark + extension);
}

/// The model with its adapters merged. Without any, every tensor goes from file to file, one at a time.
class Source {
 public:
  explicit Source(const std::string& model) : files_(open_model_files(model)) { pack_quantized(files_); }

  void merge(const std::vector<std::string>& adapters, at::ScalarType dtype) {
    if (adapters.empty()) return;
    merged_ = Decoder::build(files_, {.dtype = dtype});
    for (const std::string& adapter : adapters) {
      load_adapter(*merged_, adapter, false);
      merge_adapters(*merged_);
    }
    files_ = merged_->files();
  }
  /// Valid while this lives.
  const ModelFiles& files() const { return files_; }

 private:
  std::unique_ptr<Decoder> merged_;
  ModelFiles files_;
};

void export_llama2c(const ExportConfig& config) {
  const fs::path path = single_file(config, ".bin");
  Source source(config.model);
  source.merge(config.adapters, at::kFloat);
  save_llama2c_model(path, source.files());
  log_info("wrote {}", path.string());
}

void export_gguf(const ExportConfig& config, const std::optional<ChatTemplate>& chat_template) {
  const fs::path path = single_file(config, ".gguf", "-" + config.gguf_type);
  Source source(config.model);
  source.merge(config.adapters, at::kFloat);
  const ModelFiles& files = source.files();
  const int64_t vocab_size = parse_model_spec(files.config, config.model).vocab_size;
  GgufExport options{.type = config.gguf_type};
  if (fs::is_directory(config.model)) options.extra = gguf_tokenizer(config.model, vocab_size);
  if (chat_template) {
    std::erase_if(options.extra, [](const auto& entry) { return entry.first == "tokenizer.chat_template"; });
    options.extra.emplace_back("tokenizer.chat_template", chat_template->source());
  }
  if (path.has_parent_path()) fs::create_directories(path.parent_path());
  save_gguf_model(path, files, options);
  log_info("wrote {}", path.string());
}

void export_folder(const ExportConfig& config, const std::optional<ChatTemplate>& chat_template) {
  Source source(config.model);
  const at::ScalarType dtype = choose_dtype(config.dtype, source.files().config);
  source.merge(config.adapters, dtype);
  const auto most_bytes = static_cast<int64_t>(config.export_size * 1e9);
  save_model_files(config.export_dir, dense_files(source.files(), dtype), most_bytes,
                   config.legacy ? WeightFormat::kTorch : WeightFormat::kSafetensors);
  if (fs::path(config.model).extension() == ".gguf")
    save_gguf_tokenizer(config.model, config.export_dir);
  else
    copy_companions(config.model, config.export_dir);
  for (const std::string& adapter : config.adapters) copy_companions(adapter, config.export_dir);
  if (chat_template)
    write_file_atomically(fs::path(config.export_dir) / "chat_template.jinja", chat_template->source());
  log_info("wrote {}", config.export_dir);
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
  if (config.to == "gguf") {
    export_gguf(config, chat_template);
  } else if (config.to == "llama2c") {
    export_llama2c(config);
  } else {
    export_folder(config, chat_template);
  }
  return 0;
}

}  // namespace llmbox
