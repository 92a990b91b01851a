#include "arch/family.h"
#include "arch/shape/llama.h"

namespace llmbox {

ModelSpec parse_cohere2(const ConfigReader& config) {
  ModelSpec spec = parse_cohere(config);
  const int64_t window = config.integer("sliding_window", 4096), pattern = config.integer("sliding_window_pattern", 4);
  const auto slides = read_sliding_layers(config, [pattern](int64_t i) { return (i + 1) % pattern != 0; });
  for (size_t i = 0; i < spec.layers.size(); ++i) {
    // Layers that see everything have no rotation.
    const bool sliding = slides(static_cast<int64_t>(i));
    spec.layers[i].attention.window = sliding ? window : 0;
    spec.layers[i].attention.rope = sliding ? 0 : -1;
  }
  return spec;
}

}  // namespace llmbox
