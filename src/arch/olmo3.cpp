#include "arch/family.h"
#include "arch/shape/llama.h"

namespace llmbox {

ModelSpec parse_olmo3(const ConfigReader& config) {
  ModelSpec spec = parse_olmo2(config);
  const int64_t window = config.integer("sliding_window", 4096);
  const auto slides = read_sliding_layers(config, [](int64_t i) { return (i + 1) % 4 != 0; });
  // Layers with a window keep the plain rotation.
  RopeSpec plain = spec.ropes[0];
  plain.scaling = RopeScaling::none;
  plain.attention_factor = 1;
  spec.ropes.push_back(plain);
  if (const auto nested = read_nested_ropes(config, spec.layers[0].attention.head_dim))
    spec.ropes = {nested->full, nested->sliding};
  for (size_t i = 0; i < spec.layers.size(); ++i) {
    const bool sliding = slides(static_cast<int64_t>(i));
    spec.layers[i].attention.window = sliding ? window : 0;
    spec.layers[i].attention.rope = sliding ? 1 : 0;
  }
  return spec;
}

}  // namespace llmbox
