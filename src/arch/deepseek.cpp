#include "arch/family.h"
#include "arch/shape/latent.h"

namespace llmbox {

/// The first DeepSeek with experts: llama's attention.
ModelSpec parse_deepseek(const ConfigReader& config) {
  LlamaShape shape;
  shape.qkv_bias = shape.out_bias = config.flag("attention_bias", false);
  ModelSpec spec = llama_spec(config, shape);
  add_deepseek_moe(config, shape, RouterScore::softmax, spec);
  return spec;
}

}  // namespace llmbox
