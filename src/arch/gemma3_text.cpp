#include "arch/family.h"
#include "arch/shape/gemma.h"

namespace llmbox {

namespace {

/// rope 0 turns the full layers, rope 1 those with a window.
std::vector<RopeSpec> read_two_ropes(const ConfigReader& config, int64_t head_dim) {
  if (const auto nested = read_nested_ropes(config, head_dim)) return {nested->full, nested->sliding};
  return {read_rope(config, head_dim, {.theta = 1e6}),
          {.dim = head_dim, .theta = config.number("rope_local_base_freq", 10000)}};
}

}  // namespace

ModelSpec parse_gemma3_text(const ConfigReader& config) {
  LlamaShape shape = gemma_shape(config);
  shape.qk_norm = true;
  const int64_t pattern = config.integer("sliding_window_pattern", 6);
  const auto most = [pattern](int64_t layer) { return (layer + 1) % pattern != 0; };
  const auto slides = read_sliding_layers(config, most);
  const int64_t window = config.integer("sliding_window", 4096);
  ModelSpec spec = gemma_spec(config, shape);
  add_gemma2_parts(config, shape, spec);
  spec.ropes = read_two_ropes(config, spec.layers[0].attention.head_dim);
  for (size_t i = 0; i < spec.layers.size(); ++i) {
    AttentionSpec& attention = spec.layers[i].attention;
    attention.window = slides(static_cast<int64_t>(i)) ? window : 0;
    attention.rope = attention.window > 0 ? 1 : 0;
  }
  return spec;
}

}  // namespace llmbox
