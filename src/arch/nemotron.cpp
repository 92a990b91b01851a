#include "arch/family.h"
#include "arch/shape/llama.h"

namespace llmbox {

ModelSpec parse_nemotron(const ConfigReader& config) {
  LlamaShape shape;
  shape.qkv_bias = shape.out_bias = config.flag("attention_bias", false);
  shape.mlp_bias = config.flag("mlp_bias", false);
  shape.gated = false;
  shape.norm_kind = NormKind::layer;
  shape.norm_bias = true;
  shape.norm_offset = 1;
  shape.eps_key = "norm_eps";
  shape.eps = 1e-5;
  shape.activation = "relu2";
  shape.rope.part = config.number("rope_percent", 0.5);
  return llama_spec(config, shape);
}

}  // namespace llmbox
