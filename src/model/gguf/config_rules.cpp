#include "model/gguf/config_rules.h"

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

/// "attention.sliding_window_pattern" (true: the layer slides) as the hub's layer_types.
void set_layer_types(const GgufFile& file, Json& config) {
  const std::string key = architecture_of(file) + ".attention.sliding_window_pattern";
  if (!file.metadata().contains(key) || !file.metadata()[key].is_array()) return;
  Json types = Json::array();
  for (const Json& slides : file.metadata()[key]) {
    if (!slides.is_boolean())
      fail(file.path().string() + ": " + key, "expected booleans, got a {}", slides.type_name());
    types.push_back(slides.get<bool>() ? "sliding_attention" : "full_attention");
  }
  config["layer_types"] = types;
}

}  // namespace

Json gguf_number(const GgufFile& file, const std::string& key) {
  const std::string full = architecture_of(file) + "." + key;
  if (!file.metadata().contains(full)) return nullptr;
  const Json& value = file.metadata()[full];
  if (!value.is_number()) fail(file.path().string() + ": " + full, "expected a number, got a {}", value.type_name());
  return shortest(value);
}

void complete_deepseek(const GgufFile& file, Json& config) {
  config["num_key_value_heads"] = config["num_attention_heads"];  // the file says 1: the latent
  config.erase("head_dim");
  config.erase("partial_rotary_factor");
  const Json key = gguf_number(file, "attention.key_length_mla"), rotated = gguf_number(file, "rope.dimension_count");
  if (key.is_number_unsigned() && rotated.is_number_unsigned() && key.get<int64_t>() > rotated.get<int64_t>())
    config["qk_nope_head_dim"] = key.get<int64_t>() - rotated.get<int64_t>();
  const Json gating = gguf_number(file, "expert_gating_func");
  config["scoring_func"] = gating == 2 ? "sigmoid" : "softmax";
  const std::string norm = architecture_of(file) + ".expert_weights_norm";
  config["norm_topk_prob"] = file.metadata().value(norm, Json(false)) == true;
  // llama.cpp keeps 0.1 · mscale_all_dim.
  const Json multiplier = gguf_number(file, "rope.scaling.yarn_log_multiplier");
  if (config.contains("rope_scaling") && multiplier.is_number()) {
    const double scale = std::round(multiplier.get<double>() * 1e7) / 1e6;
    config["rope_scaling"]["mscale"] = config["rope_scaling"]["mscale_all_dim"] = scale;
    config["rope_scaling"].erase("attention_factor");
  }
}

void complete_gemma(const GgufFile& file, Json& config) {
  // llama.cpp scales by the head's size, but in the 27B models of both generations.
  const double layers = config.value("num_hidden_layers", Json(0)).get<double>();
  const Json hidden = config.value("hidden_size", Json()), heads = config.value("num_attention_heads", Json());
  const bool largest = layers == 46 || layers == 62;
  if (largest && hidden.is_number() && heads.is_number() && heads.get<double>() > 0)
    config["query_pre_attn_scalar"] = hidden.get<double>() / heads.get<double>();
  else if (config.contains("head_dim"))
    config["query_pre_attn_scalar"] = config["head_dim"];
  set_layer_types(file, config);
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
