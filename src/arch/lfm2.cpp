#include "arch/family.h"
#include "arch/shape/llama.h"
#include "core/error.h"

namespace llmbox {

namespace {

/// layer_types has conv or full_attention; older configs list the attention layers.
bool is_conv(const ConfigReader& config, size_t layer) {
  const bool by_type = config.has("layer_types");
  const char* key = by_type ? "layer_types" : "full_attn_idxs";
  if (!config.has(key)) fail(config.where(), "expected the key 'layer_types', found none; try another config.json");
  const Json& list = config.at(key);
  if (!list.is_array()) fail(config.where(), "expected a list for '{}', got {}", key, list.dump());
  if (by_type) return layer >= list.size() || list[layer] == "conv";
  return std::find(list.begin(), list.end(), Json(layer)) == list.end();
}

/// intermediate_size is meant for an MLP without gate, unless the config says that it is final.
int64_t inner_size(const ConfigReader& config) {
  const int64_t inner =
      config.has("block_ff_dim") ? config.integer("block_ff_dim") : config.integer("intermediate_size");
  if (!config.flag("block_auto_adjust_ff_dim", true)) return inner;
  const auto scaled =
      static_cast<int64_t>(config.number("block_ffn_dim_multiplier", 1) * static_cast<double>(2 * inner / 3));
  const int64_t multiple = config.integer("block_multiple_of", 256);
  return (scaled + multiple - 1) / multiple * multiple;
}

ShortConvSpec conv_spec(const ConfigReader& config, const std::string& name, int64_t hidden) {
  const bool bias = config.flag("conv_bias", false);
  ShortConvSpec conv;
  conv.name = name;
  conv.width = config.integer("conv_L_cache", 3);
  conv.has_bias = bias;
  conv.in = {.name = name + ".in_proj", .in = hidden, .out = 3 * hidden, .has_bias = bias};
  conv.out = {.name = name + ".out_proj", .in = hidden, .out = hidden, .has_bias = bias};
  return conv;
}

}  // namespace

ModelSpec parse_lfm2(const ConfigReader& config) {
  LlamaShape shape;
  shape.eps_key = "norm_eps";
  shape.eps = 1e-5;
  shape.tied_head = config.flag("tie_embedding", true);
  shape.rope.theta = 1e6;
  ModelSpec spec = llama_spec(config, shape);
  rename_llama(spec, {.before_attention = "operator_norm",
                      .before_ffn = "ffn_norm",
                      .out = "out_proj",
                      .gate = "feed_forward.w1",
                      .up = "feed_forward.w3",
                      .down = "feed_forward.w2",
                      .final_norm = "model.embedding_norm"});
  const int64_t inner = inner_size(config);
  for (size_t i = 0; i < spec.layers.size(); ++i) {
    LayerSpec& layer = spec.layers[i];
    layer.ffn.gate->out = layer.ffn.up.out = layer.ffn.down.in = inner;
    AttentionSpec& attention = layer.attention;
    if (is_conv(config, i)) {
      attention = {};
      layer.conv = conv_spec(config, "model.layers." + std::to_string(i) + ".conv", spec.hidden_size);
      continue;
    }
    attention.q_norm = llama_norm(config, shape, attention.name + ".q_layernorm", attention.head_dim);
    attention.k_norm = llama_norm(config, shape, attention.name + ".k_layernorm", attention.head_dim);
  }
  return spec;
}

}  // namespace llmbox
