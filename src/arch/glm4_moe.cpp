#include "arch/family.h"
#include "arch/shape/latent.h"

namespace llmbox {

ModelSpec parse_glm4_moe(const ConfigReader& config) {
  LlamaShape shape;
  shape.eps = 1e-5;
  shape.qkv_bias = config.flag("attention_bias", false);
  shape.qk_norm = config.flag("use_qk_norm", false);
  shape.rope.part = 0.5;
  ModelSpec spec = llama_spec(config, shape);
  add_deepseek_moe(config, shape, RouterScore::sigmoid, spec);
  return spec;
}

}  // namespace llmbox
