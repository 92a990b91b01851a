#include "arch/family.h"
#include "arch/shape/llama.h"

namespace llmbox {

ModelSpec parse_smollm3(const ConfigReader& config) {
  LlamaShape shape;
  shape.qkv_bias = shape.out_bias = config.flag("attention_bias", false);
  shape.mlp_bias = config.flag("mlp_bias", false);
  shape.tied_head = true;
  const int64_t window = config.flag("use_sliding_window", false) ? config.integer("sliding_window", 0) : 0;
  shape.window = read_windows(config, window, [&config](int64_t i) { return rotates(config, static_cast<size_t>(i)); });
  ModelSpec spec = llama_spec(config, shape);
  for (size_t i = 0; i < spec.layers.size(); ++i)
    if (!rotates(config, i)) spec.layers[i].attention.rope = -1;
  return spec;
}

}  // namespace llmbox
