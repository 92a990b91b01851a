#include "arch/family.h"
#include "arch/shape/llama.h"

namespace llmbox {

ModelSpec parse_helium(const ConfigReader& config) {
  LlamaShape shape;
  shape.eps = 1e-8;
  shape.qkv_bias = config.flag("attention_bias", false);
  shape.mlp_bias = config.flag("mlp_bias", false);
  ModelSpec spec = llama_spec(config, shape);
  spec.ropes[0].interleaved = true;
  return spec;
}

}  // namespace llmbox
