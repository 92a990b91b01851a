#include "arch/family.h"
#include "arch/shape/llama.h"

namespace llmbox {

ModelSpec parse_starcoder2(const ConfigReader& config) {
  LlamaShape shape;
  shape.qkv_bias = shape.out_bias = shape.mlp_bias = config.flag("use_bias", true);
  shape.gated = false;
  shape.tied_head = true;
  shape.norm_kind = NormKind::layer;
  shape.norm_bias = true;
  shape.eps_key = "norm_epsilon";
  shape.eps = 1e-5;
  shape.activation = "gelu_pytorch_tanh";
  shape.window = read_windows(config, config.integer("sliding_window", 0), [](int64_t) { return true; });
  ModelSpec spec = llama_spec(config, shape);
  for (size_t i = 0; i < spec.layers.size(); ++i) {
    const std::string name = "model.layers." + std::to_string(i) + ".mlp";
    spec.layers[i].ffn.up.name = name + ".c_fc";
    spec.layers[i].ffn.down.name = name + ".c_proj";
  }
  return spec;
}

}  // namespace llmbox
