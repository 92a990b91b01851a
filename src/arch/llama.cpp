#include "arch/shape/llama.h"

#include "arch/family.h"

namespace llmbox {

ModelSpec parse_llama(const ConfigReader& config) {
  LlamaShape shape;
  shape.qkv_bias = shape.out_bias = config.flag("attention_bias", false);
  shape.mlp_bias = config.flag("mlp_bias", false);
  return llama_spec(config, shape);
}

}  // namespace llmbox
