#include "arch/family.h"
#include "arch/shape/llama.h"
#include "core/error.h"

namespace llmbox {

namespace {

/// no_rope_layers has 1 for layers with rotation, 0 for those without; else every no_rope_layer_interval-th has none.
bool rotates(const ConfigReader& config, size_t layer) {
  if (!config.has("no_rope_layers"))
    return (layer + 1) % static_cast<size_t>(config.integer("no_rope_layer_interval", 4)) != 0;
  const Json& list = config.at("no_rope_layers");
  if (!list.is_array() || layer >= list.size() || !list[layer].is_number_integer())
    fail(config.where(), "expected an integer for each layer in 'no_rope_layers', got {}", list.dump());
  return list[layer].get<int64_t>() != 0;
}

}  // namespace

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
