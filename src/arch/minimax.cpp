#include <cmath>

#include "arch/family.h"
#include "arch/shape/moe.h"
#include "core/error.h"

namespace llmbox {

namespace {

/// layer_types has linear_attention or full_attention; without it every second layer is linear.
bool is_lightning(const ConfigReader& config, size_t layer) {
  if (!config.has("layer_types")) return layer % 2 == 1;
  const Json& types = config.at("layer_types");
  if (!types.is_array() || layer >= types.size())
    fail(config.where(), "expected an entry for each layer in 'layer_types', got {}", types.dump());
  return types[layer] == "linear_attention";
}

LightningSpec lightning_spec(const ConfigReader& config, const AttentionSpec& attention, int64_t layer,
                             int64_t n_layer) {
  const int64_t hidden = config.integer("hidden_size"), channels = attention.n_head * attention.head_dim;
  constexpr int64_t kMostHeads = 1 << 14;
  if (attention.n_head > kMostHeads)
    fail(config.where(), "expected at most {} for 'num_attention_heads', got {}", kMostHeads, attention.n_head);
  LightningSpec lightning;
  lightning.name = attention.name;
  lightning.n_head = attention.n_head;
  lightning.head_dim = attention.head_dim;
  // Slopes as ALiBi's, smaller from layer to layer.
  const double depth = 1 - static_cast<double>(layer) / (static_cast<double>(n_layer - 1) + 1e-5) + 1e-5;
  for (int64_t h = 1; h <= attention.n_head; ++h)
    lightning.slopes.push_back(std::exp2(-8.0 * static_cast<double>(h) / static_cast<double>(attention.n_head)) *
                               depth);
  lightning.qkv = {.name = attention.name + ".qkv_proj", .in = hidden, .out = 3 * channels};
  lightning.gate = {.name = attention.name + ".output_gate", .in = hidden, .out = channels};
  lightning.norm = {.name = attention.name + ".norm", .size = channels, .eps = 1e-6};
  lightning.out = {.name = attention.name + ".out_proj", .in = channels, .out = hidden};
  return lightning;
}

}  // namespace

/// Lightning attention in most layers; what each block is added to is its normed input, with constants on both.
ModelSpec parse_minimax(const ConfigReader& config) {
  LlamaShape shape;
  shape.eps = 1e-5;
  shape.rope.theta = 1e6;
  ModelSpec spec = llama_spec(config, shape);
  spec.ignored = {".slope_rate", ".query_decay", ".key_decay", ".diagonal_decay"};
  const auto scale = [&](const std::string& kind) {
    return ResidualScale{config.number(kind + "_alpha_factor", 1), config.number(kind + "_beta_factor", 1)};
  };
  for (size_t i = 0; i < spec.layers.size(); ++i) {
    LayerSpec& layer = spec.layers[i];
    layer.residual_of_normed = true;
    layer.attention_residual = scale(is_lightning(config, i) ? "linear_attn" : "full_attn");
    layer.ffn_residual = scale("mlp");
    layer.attention.window = config.count("sliding_window", 0);
    layer.moe = mixtral_moe_spec(config, shape, i);
    layer.moe->router.renormalise = true;
    if (!is_lightning(config, i)) continue;
    layer.lightning = lightning_spec(config, layer.attention, static_cast<int64_t>(i), spec.n_layer());
    layer.attention = {};
  }
  return spec;
}

}  // namespace llmbox
