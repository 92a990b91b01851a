#include "arch/family.h"
#include "arch/shape/llama.h"

namespace llmbox {

ModelSpec parse_hunyuan_v1_dense(const ConfigReader& config) {
  LlamaShape shape;
  shape.eps = 1e-5;
  shape.qkv_bias = shape.out_bias = config.flag("attention_bias", false);
  ModelSpec spec = llama_spec(config, shape);
  for (LayerSpec& layer : spec.layers) {
    AttentionSpec& attention = layer.attention;
    attention.norm_after_rope = true;
    attention.q_norm = llama_norm(config, shape, attention.name + ".query_layernorm", attention.head_dim);
    attention.k_norm = llama_norm(config, shape, attention.name + ".key_layernorm", attention.head_dim);
  }
  return spec;
}

}  // namespace llmbox
