#include "arch/family.h"
#include "arch/shape/llama.h"

namespace llmbox {

ModelSpec parse_granite(const ConfigReader& config) {
  LlamaShape shape;
  shape.qkv_bias = shape.out_bias = config.flag("attention_bias", false);
  shape.mlp_bias = config.flag("mlp_bias", false);
  ModelSpec spec = llama_spec(config, shape);
  spec.embedding_scale = config.number("embedding_multiplier", 1);
  spec.logit_scale = 1.0 / config.number("logits_scaling", 1);
  for (LayerSpec& layer : spec.layers) {
    layer.attention_residual.branch = layer.ffn_residual.branch = config.number("residual_multiplier", 1);
    layer.attention.scale = config.number("attention_multiplier", 1);
  }
  return spec;
}

}  // namespace llmbox
