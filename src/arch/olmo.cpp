#include "arch/family.h"
#include "arch/shape/llama.h"

namespace llmbox {

ModelSpec parse_olmo(const ConfigReader& config) {
  LlamaShape shape;
  shape.qkv_bias = shape.out_bias = config.flag("attention_bias", false);
  shape.norm_kind = NormKind::layer;
  shape.norm_weight = false;
  shape.eps_key = "layer_norm_eps";
  shape.eps = 1e-5;
  ModelSpec spec = llama_spec(config, shape);
  for (LayerSpec& layer : spec.layers) layer.attention.clip = config.number("clip_qkv", 0);
  return spec;
}

}  // namespace llmbox
