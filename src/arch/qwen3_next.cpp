#include "arch/family.h"
#include "arch/shape/moe.h"
#include "core/error.h"

namespace llmbox {

namespace {

/// layer_types has linear_attention or full_attention; else every full_attention_interval-th layer is full.
bool is_gated_delta(const ConfigReader& config, size_t layer) {
  if (!config.has("layer_types"))
    return (layer + 1) % static_cast<size_t>(config.integer("full_attention_interval", 4)) != 0;
  const Json& types = config.at("layer_types");
  if (!types.is_array() || layer >= types.size())
    fail(config.where(), "expected an entry for each layer in 'layer_types', got {}", types.dump());
  return types[layer] == "linear_attention";
}

GatedDeltaSpec delta_spec(const ConfigReader& config, const std::string& name) {
  GatedDeltaSpec delta;
  delta.name = name;
  delta.n_key_head = config.integer("linear_num_key_heads");
  delta.n_value_head = config.integer("linear_num_value_heads");
  delta.key_dim = config.integer("linear_key_head_dim");
  delta.value_dim = config.integer("linear_value_head_dim");
  delta.conv_width = config.integer("linear_conv_kernel_dim", 4);
  if (delta.n_value_head % delta.n_key_head != 0)
    fail(config.where(), "expected linear_num_value_heads to be a multiple of linear_num_key_heads, got {} and {}",
         delta.n_value_head, delta.n_key_head);
  const int64_t hidden = config.integer("hidden_size"), values = delta.n_value_head * delta.value_dim;
  delta.qkvz = {.name = name + ".in_proj_qkvz", .in = hidden, .out = 2 * delta.n_key_head * delta.key_dim + 2 * values};
  delta.ba = {.name = name + ".in_proj_ba", .in = hidden, .out = 2 * delta.n_value_head};
  delta.norm = {.name = name + ".norm", .size = delta.value_dim, .eps = config.number("rms_norm_eps", 1e-6)};
  delta.out = {.name = name + ".out_proj", .in = values, .out = hidden};
  return delta;
}

}  // namespace

ModelSpec parse_qwen3_next(const ConfigReader& config) {
  LlamaShape shape;
  shape.qkv_bias = shape.out_bias = config.flag("attention_bias", false);
  shape.qk_norm = true;
  shape.norm_offset = 1;
  shape.default_head_dim = 256;
  shape.rope.part = 0.25;
  ModelSpec spec = llama_spec(config, shape);
  for (size_t i = 0; i < spec.layers.size(); ++i) {
    LayerSpec& layer = spec.layers[i];
    if (is_gated_delta(config, i)) {
      layer.attention = {};
      layer.delta = delta_spec(config, "model.layers." + std::to_string(i) + ".linear_attn");
    } else {
      layer.attention.gated = true;
      layer.attention.qkv[0].out *= 2;
    }
    const auto index = static_cast<int64_t>(i);
    if (is_sparse_layer(config, index)) layer.moe = qwen_moe_spec(config, shape, index, true);
  }
  spec.ignored_prefixes = {"mtp."};
  return spec;
}

}  // namespace llmbox
