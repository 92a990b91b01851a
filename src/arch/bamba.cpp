#include <algorithm>

#include "arch/family.h"
#include "arch/shape/llama.h"
#include "arch/shape/mamba2.h"

namespace llmbox {

/// Mamba 2 layers; those that attn_layer_indices lists have attention, half of each head rotated.
ModelSpec parse_bamba(const ConfigReader& config) {
  LlamaShape shape;
  shape.qkv_bias = shape.out_bias = config.flag("attention_bias", false);
  shape.mlp_bias = config.flag("mlp_bias", false);
  shape.eps = 1e-5;
  shape.rope.part = 0.5;
  ModelSpec spec = llama_spec(config, shape);
  spec.final_norm->name = "model.final_layernorm";
  const Json attends = config.has("attn_layer_indices") ? config.at("attn_layer_indices") : Json::array();
  for (size_t i = 0; i < spec.layers.size(); ++i) {
    const std::string name = "model.layers." + std::to_string(i);
    LayerSpec& layer = spec.layers[i];
    layer.before_ffn->name = name + ".pre_ff_layernorm";
    layer.ffn = llama_ffn(config, shape, name + ".feed_forward", config.integer("intermediate_size"));
    if (std::find(attends.begin(), attends.end(), Json(i)) != attends.end()) continue;
    layer.attention = {};
    layer.mamba2 = mamba2_spec(config, name + ".mamba", config.integer("mamba_expand", 2) * spec.hidden_size);
    layer.mamba2->norm = mamba2_norm(config, *layer.mamba2);
  }
  return spec;
}

}  // namespace llmbox
