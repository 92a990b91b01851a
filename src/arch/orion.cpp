#include "arch/family.h"
#include "arch/shape/llama.h"

namespace llmbox {

ModelSpec parse_orion(const ConfigReader& config) {
  LlamaShape shape;
  shape.norm_kind = NormKind::layer;
  shape.norm_bias = true;
  shape.eps = 1e-5;
  return llama_spec(config, shape);
}

}  // namespace llmbox
