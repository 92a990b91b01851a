#include "arch/family.h"
#include "arch/shape/llama.h"

namespace llmbox {

ModelSpec parse_ernie4_5(const ConfigReader& config) {
  LlamaShape shape;
  shape.eps = 1e-5;
  shape.qkv_bias = shape.out_bias = shape.mlp_bias = config.flag("use_bias", false);
  shape.tied_head = true;
  shape.rope.theta = 500000;
  ModelSpec spec = llama_spec(config, shape);
  spec.ropes[0].interleaved = true;
  return spec;
}

}  // namespace llmbox
