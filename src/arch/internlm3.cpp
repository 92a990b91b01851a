#include "arch/family.h"
#include "arch/shape/llama.h"

namespace llmbox {

ModelSpec parse_internlm3(const ConfigReader& config) {
  LlamaShape shape;
  shape.qkv_bias = config.flag("qkv_bias", false);
  shape.out_bias = shape.mlp_bias = config.flag("bias", false);
  return llama_spec(config, shape);
}

}  // namespace llmbox
