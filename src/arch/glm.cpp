#include "arch/family.h"
#include "arch/shape/llama.h"

namespace llmbox {

ModelSpec parse_glm(const ConfigReader& config) {
  LlamaShape shape;
  shape.qkv_bias = config.flag("attention_bias", false);
  shape.eps_key = "rms_norm_eps";
  shape.eps = 1.5625e-7;
  shape.rope.part = 0.5;
  shape.default_head_dim = 128;
  ModelSpec spec = llama_spec(config, shape);
  spec.ropes[0].interleaved = true;
  for (LayerSpec& layer : spec.layers) {
    const std::string up = layer.ffn.up.name;
    fuse_gate_up(layer.ffn, up.substr(0, up.rfind('.')) + ".gate_up_proj");
  }
  return spec;
}

}  // namespace llmbox
