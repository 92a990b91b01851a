#include "arch/family.h"
#include "arch/shape/moe.h"

namespace llmbox {

ModelSpec parse_qwen3_moe(const ConfigReader& config) {
  const int64_t window = config.flag("use_sliding_window", false) ? config.integer("sliding_window", 4096) : 0;
  LlamaShape shape;
  shape.qkv_bias = shape.out_bias = config.flag("attention_bias", false);
  shape.qk_norm = true;
  shape.default_head_dim = 128;
  shape.window = read_windows(config, window, [](int64_t) { return true; });
  ModelSpec spec = llama_spec(config, shape);
  for (int64_t i = 0; i < spec.n_layer(); ++i)
    if (is_sparse_layer(config, i)) spec.layers[i].moe = qwen_moe_spec(config, shape, i, false);
  return spec;
}

}  // namespace llmbox
