#include "arch/family.h"
#include "arch/shape/llama.h"

namespace llmbox {

ModelSpec parse_phi3(const ConfigReader& config) {
  LlamaShape shape;
  shape.eps = 1e-5;
  shape.qkv_bias = shape.out_bias = config.flag("attention_bias", false);
  shape.window = read_windows(config, config.integer("sliding_window", 0), [](int64_t) { return true; });
  ModelSpec spec = llama_spec(config, shape);
  for (LayerSpec& layer : spec.layers) {
    fuse_qkv(layer.attention, layer.attention.name + ".qkv_proj");
    const std::string up = layer.ffn.up.name;
    fuse_gate_up(layer.ffn, up.substr(0, up.rfind('.')) + ".gate_up_proj");
  }
  return spec;
}

}  // namespace llmbox
