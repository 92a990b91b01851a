// Models with state spaces or convolutions: which layers have which, and their sizes.
#include <algorithm>

#include "model/gguf/config_rules.h"

namespace llmbox {

namespace {

/// The first of the layers where the condition holds as the hub's offset, the distance to the next as its period.
void set_period(Json& config, const std::string& kind, const std::vector<bool>& holds) {
  const auto first = std::find(holds.begin(), holds.end(), true);
  if (first == holds.end()) return;
  const auto second = std::find(first + 1, holds.end(), true);
  config[kind + "_offset"] = first - holds.begin();
  config[kind + "_period"] = second == holds.end() ? static_cast<std::ptrdiff_t>(holds.size()) : second - first;
}

/// a / b where it is whole; else the key stays unsaid and the config's parser asks for it.
void set_quotient(Json& config, const char* key, const char* a, const char* b) {
  const int64_t whole = integer_of(config, a), part = integer_of(config, b);
  if (part > 0 && whole % part == 0) config[key] = whole / part;
}

}  // namespace

void complete_jamba(const GgufFile& file, Json& config) {
  std::vector<bool> attends, mixes;
  for (int64_t i = 0; i < layer_count(config); ++i) {
    attends.push_back(has_layer_tensor(file, i, "attn_q.weight"));
    mixes.push_back(has_layer_tensor(file, i, "ffn_gate_exps.weight"));
  }
  set_period(config, "attn_layer", attends);
  set_period(config, "expert_layer", mixes);
  set_quotient(config, "mamba_expand", "mamba_inner_size", "hidden_size");
}

void complete_mamba2(const GgufFile& file, Json& config) {
  set_quotient(config, "mamba_d_head", "mamba_d_ssm", "mamba_n_heads");
  config["mamba_rms_norm"] = has_layer_tensor(file, 0, "ssm_norm.weight");
  config["mamba_conv_bias"] = has_layer_tensor(file, 0, "ssm_conv1d.bias");
}

void complete_bamba(const GgufFile& file, Json& config) {
  complete_mamba2(file, config);
  set_quotient(config, "mamba_expand", "mamba_d_ssm", "hidden_size");
  config["attn_layer_indices"] = Json::array();
  for (int64_t i = 0; i < layer_count(config); ++i)
    if (has_layer_tensor(file, i, "attn_output.weight")) config["attn_layer_indices"].push_back(i);
}

void complete_lfm2(const GgufFile& file, Json& config) {
  config["conv_bias"] = false;
  config["layer_types"] = Json::array();
  for (int64_t i = 0; i < layer_count(config); ++i) {
    const bool conv = has_layer_tensor(file, i, "shortconv.conv.weight");
    if (has_layer_tensor(file, i, "shortconv.conv.bias")) config["conv_bias"] = true;
    config["layer_types"].push_back(conv ? "conv" : "full_attention");
  }
}

void complete_qwen_next(const GgufFile& file, Json& config) {
  complete_qwen_moe(file, config);
  set_quotient(config, "linear_value_head_dim", "linear_inner_size", "linear_num_value_heads");
  const std::vector<bool> recurrent = gguf_flags(file, "attention.recurrent_layers");
  if (recurrent.empty()) return;  // full_attention_interval says it
  config["layer_types"] = Json::array();
  for (const bool linear : recurrent) config["layer_types"].push_back(linear ? "linear_attention" : "full_attention");
}

}  // namespace llmbox
