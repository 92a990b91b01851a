#include "arch/shape/minicpm.h"

#include "arch/family.h"

namespace llmbox {

ModelSpec parse_minicpm(const ConfigReader& config) {
  LlamaShape shape;
  shape.qkv_bias = shape.out_bias = config.flag("attention_bias", false);
  shape.tied_head = true;
  ModelSpec spec = llama_spec(config, shape);
  add_minicpm_scales(config, spec);
  return spec;
}

}  // namespace llmbox
