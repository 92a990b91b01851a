#include "arch/family.h"
#include "arch/shape/llama.h"

namespace llmbox {

ModelSpec parse_seed_oss(const ConfigReader& config) {
  LlamaShape shape;
  shape.qkv_bias = config.flag("attention_bias", true);
  shape.out_bias = config.flag("attention_out_bias", false);
  shape.mlp_bias = config.flag("mlp_bias", false);
  shape.default_head_dim = 128;
  return llama_spec(config, shape);
}

}  // namespace llmbox
