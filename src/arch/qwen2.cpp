#include "arch/family.h"
#include "arch/shape/llama.h"

namespace llmbox {

ModelSpec parse_qwen2(const ConfigReader& config) {
  const int64_t window = config.flag("use_sliding_window", false) ? config.integer("sliding_window", 4096) : 0;
  const int64_t first = config.count("max_window_layers", 28);
  LlamaShape shape;
  shape.qkv_bias = true;
  shape.window = read_windows(config, window, [first](int64_t layer) { return layer >= first; });
  return llama_spec(config, shape);
}

}  // namespace llmbox
