#include "arch/family.h"
#include "arch/shape/llama.h"

namespace llmbox {

ModelSpec parse_glm4(const ConfigReader& config) {
  ModelSpec spec = parse_glm(config);
  for (size_t i = 0; i < spec.layers.size(); ++i) {
    const std::string name = "model.layers." + std::to_string(i);
    LayerSpec& layer = spec.layers[i];
    layer.after_attention = layer.before_ffn;
    layer.after_attention->name = name + ".post_self_attn_layernorm";
    layer.after_ffn = layer.before_ffn;
    layer.after_ffn->name = name + ".post_mlp_layernorm";
  }
  return spec;
}

}  // namespace llmbox
