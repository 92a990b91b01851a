// llmbox model info: what a model folder holds, from config.json and the headers of its weight files.
#include <fmt/format.h>

#include "arch/spec.h"
#include "cli/verb.h"
#include "core/error.h"
#include "core/fields.h"
#include "tensor/safetensors_folder.h"

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
std::map<std::string, int64_t> count_types(const SafetensorsFolder& files) {
  std::map<std::string, int64_t> counts;
  for (const SafetensorsFile& file : files.files())
    for (const auto& entry : file.entries()) ++counts[safetensors_dtype(entry.dtype)];
  return counts;
}

Json describe(const std::filesystem::path& folder) {
  const auto path = folder / "config.json";
  const Json config = read_json_file(path);
  const ModelSpec spec = parse_model_spec(config, path.string());
  const SafetensorsFolder files = SafetensorsFolder::open(folder);
  const AttentionSpec& attention = spec.layers.at(0).attention;
  int64_t bytes = 0;
  for (const SafetensorsFile& file : files.files())
    bytes += static_cast<int64_t>(std::filesystem::file_size(file.path()));
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
          {"weight_files", files.files().size()},
          {"weight_bytes", bytes},
          {"weight_types", joined(count_types(files))},
          {"tokenizer", std::filesystem::exists(folder / "tokenizer.json")}};
}

}  // namespace

int run_model(const std::vector<std::string>& args) {
  InfoConfig config;
  const std::vector<std::string> words = args.empty() || args[0] == "--help" ? args : apply_args(config, args);
  if (words.empty() || words[0] == "--help") {
    fmt::print("usage: llmbox model info DIR [--json]\n\n{}", help_text(config));
    return words.empty() ? 2 : 0;
  }
  if (words[0] != "info" || words.size() != 2)
    fail("model", "expected 'model info DIR', got '{}'; try llmbox model --help", words[0]);
  const Json info = describe(words[1]);
  if (config.json) {
    fmt::print("{}\n", info.dump());
    return 0;
  }
  for (const auto& [key, value] : info.items())
    fmt::print("{:<20} {}\n", key, value.is_string() ? value.get<std::string>() : value.dump());
  return 0;
}

}  // namespace llmbox
