#include "arch/family.h"
#include "arch/shape/moe.h"

namespace llmbox {

ModelSpec parse_qwen2_moe(const ConfigReader& config) {
  const int64_t window = config.flag("use_sliding_window", false) ? config.integer("sliding_window", 4096) : 0;
  const int64_t first = config.count("max_window_layers", 28);
  LlamaShape shape;
  shape.qkv_bias = config.flag("qkv_bias", true);
  shape.window = read_windows(config, window, [first](int64_t layer) { return layer >= first; });
  ModelSpec spec = llama_spec(config, shape);
  for (int64_t i = 0; i < spec.n_layer(); ++i)
    if (is_sparse_layer(config, i)) spec.layers[i].moe = qwen_moe_spec(config, shape, i, false);
  return spec;
}

}  // namespace llmbox
