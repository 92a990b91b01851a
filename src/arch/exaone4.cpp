#include "arch/family.h"
#include "arch/shape/llama.h"

namespace llmbox {

namespace {

/// The pattern is a number n (every n-th layer sees everything) or letters, L for a window and G for none.
bool slides_by_pattern(const ConfigReader& config, int64_t layer) {
  constexpr std::string_view kKey = "sliding_window_pattern";
  if (config.has(kKey) && config.at(kKey).is_string()) {
    const std::string letters = config.text(kKey, "");
    const bool last = layer + 1 == config.integer("num_hidden_layers");
    return !last && !letters.empty() && letters[static_cast<size_t>(layer) % letters.size()] == 'L';
  }
  return (layer + 1) % config.integer(kKey, 4) != 0;
}

}  // namespace

ModelSpec parse_exaone4(const ConfigReader& config) {
  LlamaShape shape;
  shape.eps = 1e-5;
  shape.qk_norm = true;
  ModelSpec spec = llama_spec(config, shape);
  const int64_t window = config.integer("sliding_window", 0);
  const auto slides = read_sliding_layers(config, [&](int64_t i) { return slides_by_pattern(config, i); });
  for (size_t i = 0; i < spec.layers.size(); ++i) {
    LayerSpec& layer = spec.layers[i];
    const std::string name = "model.layers." + std::to_string(i);
    layer.before_attention.reset();
    layer.before_ffn.reset();
    layer.after_attention = llama_norm(config, shape, name + ".post_attention_layernorm", spec.hidden_size);
    layer.after_ffn = llama_norm(config, shape, name + ".post_feedforward_layernorm", spec.hidden_size);
    if (window == 0) continue;
    const bool sliding = slides(static_cast<int64_t>(i));
    layer.attention.window = sliding ? window : 0;
    layer.attention.rope = sliding ? 0 : -1;
  }
  return spec;
}

}  // namespace llmbox
