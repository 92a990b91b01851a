#include "arch/family.h"
#include "arch/shape/llama.h"

namespace llmbox {

ModelSpec parse_olmo2(const ConfigReader& config) {
  LlamaShape shape;
  shape.eps = 1e-5;
  shape.qkv_bias = shape.out_bias = config.flag("attention_bias", false);
  ModelSpec spec = llama_spec(config, shape);
  for (size_t i = 0; i < spec.layers.size(); ++i) {
    const std::string name = "model.layers." + std::to_string(i);
    LayerSpec& layer = spec.layers[i];
    layer.before_attention.reset();
    layer.before_ffn.reset();
    layer.after_attention = llama_norm(config, shape, name + ".post_attention_layernorm", spec.hidden_size);
    layer.after_ffn = llama_norm(config, shape, name + ".post_feedforward_layernorm", spec.hidden_size);
    AttentionSpec& attention = layer.attention;
    attention.q_norm = llama_norm(config, shape, attention.name + ".q_norm", attention.qkv[0].out);
    attention.k_norm = llama_norm(config, shape, attention.name + ".k_norm", attention.qkv[1].out);
  }
  return spec;
}

}  // namespace llmbox
