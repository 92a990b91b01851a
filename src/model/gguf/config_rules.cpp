#include "model/gguf/config_rules.h"

#include <algorithm>
#include <cmath>

#include "core/error.h"

namespace llmbox {

namespace {

std::string architecture_of(const GgufFile& file) {
  return file.metadata().at("general.architecture").get<std::string>();
}

/// Floats are shown with the digits that they were written with: 1e-05f is 1e-05, not 9.99999975e-06.
Json shortest(const Json& value) {
  if (!value.is_number_float()) return value;
  return Json::parse(fmt::format("{}", static_cast<float>(value.get<double>())), nullptr, false);
}

/// "attention.sliding_window_pattern" as the hub's layer_types: true for each layer that slides, or n where every n-th
/// does not.
void set_layer_types(const GgufFile& file, Json& config) {
  const std::string key = "attention.sliding_window_pattern";
  std::vector<bool> slides = gguf_flags(file, key);
  const Json every = slides.empty() ? gguf_number(file, key) : Json();
  for (int64_t i = 1; every.is_number_unsigned() && every > 0 && i <= layer_count(config); ++i)
    slides.push_back(i % every.get<int64_t>() != 0);
  if (slides.empty()) return;
  Json types = Json::array();
  for (const bool slide : slides) types.push_back(slide ? "sliding_attention" : "full_attention");
  config["layer_types"] = types;
}

}  // namespace

Json gguf_number(const GgufFile& file, const std::string& key) {
  const std::string full = architecture_of(file) + "." + key;
  if (!file.metadata().contains(full)) return nullptr;
  Json value = file.metadata()[full];
  if (value.is_array() && !value.empty()) value = *std::max_element(value.begin(), value.end());
  if (!value.is_number()) fail(file.path().string() + ": " + full, "expected a number, got a {}", value.type_name());
  return shortest(value);
}

std::vector<bool> gguf_flags(const GgufFile& file, const std::string& key) {
  const std::string full = architecture_of(file) + "." + key;
  std::vector<bool> flags;
  if (!file.metadata().contains(full) || !file.metadata()[full].is_array()) return flags;
  for (const Json& flag : file.metadata()[full]) {
    if (!flag.is_boolean()) fail(file.path().string() + ": " + full, "expected booleans, got a {}", flag.type_name());
    flags.push_back(flag.get<bool>());
  }
  return flags;
}

int64_t integer_of(const Json& config, const char* key) {
  const Json value = config.value(key, Json());
  return value.is_number_unsigned() ? value.get<int64_t>() : 0;
}

int64_t layer_count(const Json& config) { return std::min<int64_t>(integer_of(config, "num_hidden_layers"), 4096); }

bool has_layer_tensor(const GgufFile& file, int64_t layer, const char* name) {
  return file.tensors().contains(fmt::format("blk.{}.{}", layer, name));
}

void complete_llama(const GgufFile& file, Json& config) {
  if (!config.contains("sliding_window")) return;
  config["model_type"] = "mistral";
  set_layer_types(file, config);
}

void complete_qwen(const GgufFile& file, Json& config) {
  if (!config.contains("sliding_window")) return;
  config["use_sliding_window"] = true;
  config["max_window_layers"] = 0;
  set_layer_types(file, config);
}

void complete_qwen_moe(const GgufFile& file, Json& config) {
  config["mlp_only_layers"] = Json::array();
  for (int64_t i = 0; i < layer_count(config); ++i)
    if (!has_layer_tensor(file, i, "ffn_gate_exps.weight")) config["mlp_only_layers"].push_back(i);
}

/// llama.cpp knows ALiBi by the 13B models' layers; files of ours say it.
void complete_baichuan(const GgufFile& file, Json& config) {
  if (integer_of(config, "num_hidden_layers") != 40 && gguf_number(file, "attention.max_alibi_bias").is_null()) return;
  config["model_max_length"] = config["max_position_embeddings"];
  config.erase("max_position_embeddings");
}

void complete_chatglm(const GgufFile& file, Json& config) {
  if (const Json theta = gguf_number(file, "rope.freq_base"); theta.is_number())
    config["rope_ratio"] = theta.get<double>() / 10000;
}

void complete_expert_weights(const GgufFile& file, Json& config) {
  const Json gating = gguf_number(file, "expert_gating_func");
  if (gating.is_number()) config["scoring_func"] = gating == 2 ? "sigmoid" : "softmax";
  const std::string norm = architecture_of(file) + ".expert_weights_norm";
  config["norm_topk_prob"] = file.metadata().value(norm, Json(false)) == true;
}

/// What llama.cpp knows: chunks of 8192 tokens, every fourth layer without rope; a window of 0 says that there are
/// none.
void complete_llama4(const GgufFile& file, Json& config) {
  const bool plain = gguf_number(file, "attention.sliding_window") == 0;
  config.erase("sliding_window");
  if (!config.contains("attention_chunk_size")) config["attention_chunk_size"] = 8192;
  if (plain) config["attn_temperature_tuning"] = false;
  config["use_qk_norm"] = integer_of(config, "num_local_experts") != 128;
  const std::vector<bool> chunked = gguf_flags(file, "attention.sliding_window_pattern");
  config["no_rope_layers"] = Json::array();
  for (int64_t i = 0; i < layer_count(config); ++i) {
    const bool rotates = static_cast<size_t>(i) < chunked.size() ? chunked[static_cast<size_t>(i)] : (i + 1) % 4 != 0;
    config["no_rope_layers"].push_back(plain || rotates ? 1 : 0);
  }
}

void complete_phimoe(const GgufFile& file, Json& config) {
  config["lm_head_bias"] = file.tensors().contains("output.bias");
}

void complete_t5(const GgufFile& file, Json& config) {
  config["feed_forward_proj"] = file.tensors().contains("enc.blk.0.ffn_gate.weight") ? "gated-gelu" : "relu";
}

void complete_exaone4(const GgufFile& file, Json& config) {
  // Of the 32B model llama.cpp knows the window.
  if (integer_of(config, "num_hidden_layers") == 64 && !config.contains("sliding_window"))
    config["sliding_window"] = 4096;
  if (config.contains("sliding_window")) set_layer_types(file, config);
}

void complete_minicpm3(const GgufFile& file, Json& config) {
  complete_minicpm(file, config);
  const int64_t key = integer_of(config, "head_dim"), rotated = integer_of(config, "qk_rope_head_dim");
  const int64_t hidden = integer_of(config, "hidden_size"), heads = integer_of(config, "num_attention_heads");
  if (key > rotated) config["qk_nope_head_dim"] = key - rotated;
  // The converter leaves out what llama.cpp takes for granted.
  if (!config.contains("v_head_dim") && heads > 0) config["v_head_dim"] = hidden / heads;
  config.erase("partial_rotary_factor");
}

void complete_deepseek(const GgufFile& file, Json& config) {
  config["num_key_value_heads"] = config["num_attention_heads"];  // the file says 1: the latent
  config.erase("head_dim");
  config.erase("partial_rotary_factor");
  const Json key = gguf_number(file, "attention.key_length_mla"), rotated = gguf_number(file, "rope.dimension_count");
  if (key.is_number_unsigned() && rotated.is_number_unsigned() && key.get<int64_t>() > rotated.get<int64_t>())
    config["qk_nope_head_dim"] = key.get<int64_t>() - rotated.get<int64_t>();
  complete_expert_weights(file, config);
  // llama.cpp keeps 0.1 · mscale_all_dim.
  const Json multiplier = gguf_number(file, "rope.scaling.yarn_log_multiplier");
  if (config.contains("rope_scaling") && multiplier.is_number()) {
    const double scale = std::round(multiplier.get<double>() * 1e7) / 1e6;
    config["rope_scaling"]["mscale"] = config["rope_scaling"]["mscale_all_dim"] = scale;
    config["rope_scaling"].erase("attention_factor");
  }
}

void complete_gemma(const GgufFile& file, Json& config) {
  // Where the file does not say it, llama.cpp scales by the head's size, but in the 27B models of both generations.
  const double layers = config.value("num_hidden_layers", Json(0)).get<double>();
  const Json hidden = config.value("hidden_size", Json()), heads = config.value("num_attention_heads", Json());
  const bool largest = layers == 46 || layers == 62;
  const Json scale = gguf_number(file, "attention.scale");
  if (scale.is_number() && scale > 0)
    config["query_pre_attn_scalar"] = std::pow(scale.get<double>(), -2);
  else if (largest && hidden.is_number() && heads.is_number() && heads.get<double>() > 0)
    config["query_pre_attn_scalar"] = hidden.get<double>() / heads.get<double>();
  else if (config.contains("head_dim"))
    config["query_pre_attn_scalar"] = config["head_dim"];
  set_layer_types(file, config);
}

void complete_gemma3n(const GgufFile& file, Json& config) {
  set_layer_types(file, config);
  const auto rows = [&](const char* name) {
    const auto found = file.tensors().find(name);
    return found == file.tensors().end() || found->second.shape.empty() ? 0 : found->second.shape[0];
  };
  config["laurel_rank"] = rows("blk.0.laurel_l.weight");
  config["vocab_size_per_layer_input"] = rows("per_layer_token_embd.weight");
  // The file has how many deviations from the mean are cut off; the hub the share that is.
  const std::string key = architecture_of(file) + ".activation_sparsity_scale";
  if (!file.metadata().contains(key) || !file.metadata()[key].is_array()) return;
  config["activation_sparsity_pattern"] = Json::array();
  for (const Json& scale : file.metadata()[key]) {
    if (!scale.is_number()) fail(file.path().string() + ": " + key, "expected numbers, got a {}", scale.type_name());
    const double share = 0.5 * std::erfc(-scale.get<double>() / std::sqrt(2.0));
    config["activation_sparsity_pattern"].push_back(std::round(share * 1e6) / 1e6);
  }
}

void complete_windows(const GgufFile& file, Json& config) { set_layer_types(file, config); }

void complete_gpt_oss(const GgufFile& file, Json& config) {
  set_layer_types(file, config);
  if (config.contains("rope_scaling")) config["rope_scaling"]["truncate"] = false;
}

void complete_falcon(const GgufFile& file, Json& config) {
  const Json key_heads = gguf_number(file, "attention.head_count_kv");
  config["new_decoder_architecture"] = file.tensors().contains("blk.0.attn_norm_2.weight");
  config["num_kv_heads"] = key_heads.is_null() ? config["num_attention_heads"] : key_heads;
  config["multi_query"] = config["num_kv_heads"] == 1;
}

void complete_minicpm(const GgufFile& file, Json& config) {
  const Json embedding = gguf_number(file, "embedding_scale"), residual = gguf_number(file, "residual_scale"),
             logits = gguf_number(file, "logit_scale");
  // What llama.cpp takes where the keys are missing: the first models' values.
  config["scale_emb"] = embedding.is_number() ? embedding : Json(12);
  const double layers = config.value("num_hidden_layers", Json(0)).get<double>();
  const double depth = std::sqrt(layers);
  config["scale_depth"] = residual.is_number() ? residual.get<double>() * depth : 1.4;
  const double hidden = config.value("hidden_size", Json(0)).get<double>();
  config["dim_model_base"] = logits.is_number() && logits != 0 ? hidden / logits.get<double>() : 256;
}

void complete_olmo(const GgufFile& file, Json& config) {
  if (!config.contains("sliding_window")) return;
  config["model_type"] = "olmo3";
  set_layer_types(file, config);
}

void complete_exaone(const GgufFile&, Json& config) {
  if (config.contains("num_hidden_layers")) config["num_layers"] = config["num_hidden_layers"];
}

void complete_key_heads(const GgufFile& file, Json& config) {
  config["multi_query"] = gguf_number(file, "attention.head_count_kv") == 1;
}

void complete_mpt(const GgufFile& file, Json& config) {
  const Json clip = gguf_number(file, "attention.clamp_kqv"), bias = gguf_number(file, "attention.max_alibi_bias");
  Json attention = {{"alibi", bias.is_number() && bias.get<double>() > 0}};
  if (clip.is_number()) attention["clip_qkv"] = clip;
  if (attention["alibi"] == true) attention["alibi_bias_max"] = bias;
  config["attn_config"] = attention;
  const Json inner = gguf_number(file, "feed_forward_length"), width = gguf_number(file, "embedding_length");
  if (inner.is_number_unsigned() && width.is_number_unsigned() && width > 0)
    config["expansion_ratio"] = inner.get<int64_t>() / width.get<int64_t>();
  config["no_bias"] = !file.tensors().contains("blk.0.attn_qkv.bias");
}

void complete_residual(const GgufFile& file, Json& config) {
  const std::string key = architecture_of(file) + ".use_parallel_residual";
  config["use_parallel_residual"] = file.metadata().value(key, Json(false)) == true;
}

}  // namespace llmbox
