// llmbox model info: what a model folder holds, from config.json and the headers of its weight files.
// llmbox model init: a model of random weights from a config.json, to train from nothing.
#include <fmt/format.h>

#include <set>

#include "arch/spec.h"
#include "cli/verb.h"
#include "core/error.h"
#include "core/fields.h"
#include "core/log.h"
#include "model/decoder.h"
#include "model/model_files.h"
#include "net/hub.h"
#include "tensor/safetensors.h"
#include "tokenizer/tokenizer.h"
#include "train/checkpoint.h"

namespace llmbox {

namespace {

struct InfoConfig {
  bool json = false;

  template <class V>
  void fields(V& v) {
    v("json", json, "one JSON object instead of a table");
  }
};

std::string joined(const std::map<std::string, int64_t>& counts) {
  std::string text;
  for (const auto& [name, count] : counts) text += fmt::format("{}{} ({})", text.empty() ? "" : ", ", name, count);
  return text;
}

/// dtype → number of tensors.
std::map<std::string, int64_t> count_types(const ModelFiles& files) {
  std::map<std::string, int64_t> counts;
  for (const auto& [name, weight] : files.weights) ++counts[safetensors_dtype(weight.dtype)];
  if (!files.packed.empty()) counts["packed"] = static_cast<int64_t>(files.packed.size());
  return counts;
}

Json describe(const std::filesystem::path& model) {
  const ModelFiles opened = open_model_files(model);
  const ModelSpec spec = parse_model_spec(opened.config, model.string());
  const AttentionSpec& attention = spec.layers.at(0).attention;
  std::set<std::string> files;
  for (const auto& [name, weight] : opened.weights) files.insert(weight.file);
  int64_t bytes = 0;
  if (std::filesystem::is_regular_file(model)) files.insert(model.string());
  for (const std::string& file : files) bytes += static_cast<int64_t>(std::filesystem::file_size(file));
  int64_t windowed = 0;
  for (const LayerSpec& layer : spec.layers) windowed += layer.attention.window > 0;
  return {{"model_type", spec.model_type},
          {"parameters", parameter_count(spec)},
          {"layers", spec.n_layer()},
          {"hidden_size", spec.hidden_size},
          {"heads", attention.n_head},
          {"kv_heads", attention.n_kv_head},
          {"head_dim", attention.head_dim},
          {"ffn_size", spec.layers[0].ffn.up.out},
          {"vocab_size", spec.vocab_size},
          {"max_positions", spec.max_positions},
          {"tied_head", spec.tied_head},
          {"layers_with_window", windowed},
          {"weight_files", files.size()},
          {"weight_bytes", bytes},
          {"weight_types", joined(count_types(opened))},
          {"tokenizer", std::filesystem::is_regular_file(model) || std::filesystem::exists(model / "tokenizer.json")}};
}

struct InitConfig {
  std::string config;
  std::string tokenizer;
  std::string output;
  int64_t seed = 42;
  std::string dtype = "f32";

  template <class V>
  void fields(V& v) {
    v("config", config, "config.json of the model to make");
    v("tokenizer", tokenizer, "folder of the tokenizer to put beside it; empty: none");
    v("output", output, "folder to write");
    v("seed", seed, "same seed, same weights");
    v.choice("dtype", dtype, {"f32", "bf16"}, "type of the written weights");
  }
};

/// The tokenizer must fit into the embedding; its special tokens become the model's.
void adopt_tokenizer(Json& config, const Tokenizer& tokenizer, const std::string& where) {
  const int64_t rows = config.value("vocab_size", int64_t{0});
  if (rows < tokenizer.vocab_size())
    fail(where, "expected vocab_size of at least the tokenizer's {} tokens, got {}; try a larger vocab_size",
         tokenizer.vocab_size(), rows);
  const std::pair<const char*, std::optional<int32_t>> ids[] = {
      {"bos_token_id", tokenizer.bos_id()}, {"eos_token_id", tokenizer.eos_id()}, {"pad_token_id", tokenizer.pad_id()}};
  for (const auto& [key, id] : ids)
    if (id) config[key] = *id;
}

int init(const InitConfig& options) {
  for (const auto& [key, value] : {std::pair{"config", &options.config}, {"output", &options.output}})
    if (value->empty()) fail("model init", "expected --{}, got none; try llmbox model --help", key);
  Json config = read_json_file(options.config);
  if (!options.tokenizer.empty()) adopt_tokenizer(config, *Tokenizer::load(options.tokenizer), options.config);
  const LoadOptions load{.dtype = options.dtype == "bf16" ? at::kBFloat16 : at::kFloat};
  const auto model = Decoder::create(config, static_cast<uint64_t>(options.seed), load);
  model->save(options.output);
  if (!options.tokenizer.empty()) copy_tokenizer_files({.folder = options.tokenizer}, options.output);
  log_info("model: {} parameters from seed {}, written to {}", parameter_count(model->spec()), options.seed,
           options.output);
  return 0;
}

int info(const std::string& folder, bool json) {
  const Json description = describe(folder);
  if (json) {
    fmt::print("{}\n", description.dump());
    return 0;
  }
  for (const auto& [key, value] : description.items())
    fmt::print("{:<20} {}\n", key, value.is_string() ? value.get<std::string>() : value.dump());
  return 0;
}

int help(int status) {
  fmt::print("usage: llmbox model info DIR [--json]\n\n{}", help_text(InfoConfig{}));
  fmt::print("\nusage: llmbox model init --config FILE --output DIR [--tokenizer DIR]\n\n{}", help_text(InitConfig{}));
  return status;
}

}  // namespace

int run_model(const std::vector<std::string>& args) {
  if (args.empty()) return help(2);
  if (args[0] == "--help" || args.back() == "--help") return help(0);
  const std::vector<std::string> rest(args.begin() + 1, args.end());
  if (args[0] == "init") {
    InitConfig options;
    const std::vector<std::string> words = apply_args(options, rest);
    if (!words.empty()) fail("model init", "expected --key value, got '{}'; try llmbox model --help", words[0]);
    return init(options);
  }
  InfoConfig options;
  const std::vector<std::string> words = apply_args(options, rest);
  if (args[0] != "info" || words.size() != 1)
    fail("model",
         "expected 'model info DIR' or 'model init --config FILE --output DIR', got '{}'; try llmbox model --help",
         args[0]);
  return info(local_model(words[0]), options.json);
}

}  // namespace llmbox
