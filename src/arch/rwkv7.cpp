#include <algorithm>
#include <cmath>

#include "arch/family.h"
#include "core/error.h"

namespace llmbox {

namespace {

struct Rwkv7Sizes {
  int64_t hidden, inner, head_dim;
};

NormSpec rwkv7_norm(const ConfigReader& config, const std::string& name, int64_t size) {
  return {.name = name,
          .kind = NormKind::layer,
          .size = size,
          .eps = config.number("norm_eps", 1e-5),
          .has_bias = config.flag("norm_bias", true)};
}

/// The rank that a config leaves open: `factor` · √hidden in whole 32s, as flash-linear-attention sets it.
int64_t rank(const ConfigReader& config, const char* key, int64_t hidden, double factor) {
  const auto whole = static_cast<int64_t>(std::round(factor * std::sqrt(static_cast<double>(hidden)) / 32));
  return config.integer(key, std::max<int64_t>(32, 32 * whole));
}

TimeMixSpec time_mix(const ConfigReader& config, const Rwkv7Sizes& sizes, const std::string& name, bool is_first) {
  const int64_t hidden = sizes.hidden;
  TimeMixSpec mix;
  mix.version = 7;
  mix.name = name;
  mix.n_head = hidden / sizes.head_dim;
  mix.head_dim = sizes.head_dim;
  mix.is_first = is_first;
  const auto square = [&](const char* part) { return LinearSpec{.name = name + part, .in = hidden, .out = hidden}; };
  mix.receptance = square(".r_proj");
  mix.key = square(".k_proj");
  mix.value = square(".v_proj");
  mix.out = square(".o_proj");
  mix.norm = rwkv7_norm(config, name + ".g_norm", hidden);
  mix.norm->groups = mix.n_head;
  mix.norm->eps *= static_cast<double>(sizes.head_dim);
  mix.norm->has_bias = true;
  const auto low_rank = [&](const std::string& part, int64_t size, bool bias) {
    mix.low_ranks.push_back({{.name = name + part + ".lora.0", .in = hidden, .out = size},
                             {.name = name + part + ".lora.2", .in = size, .out = hidden, .has_bias = bias}});
  };
  const double wide = static_cast<double>(sizes.head_dim) / 64;
  low_rank(".w_lora", rank(config, "decay_low_rank_dim", hidden, 2.5 * wide), true);
  low_rank(".a_lora", rank(config, "a_low_rank_dim", hidden, 2.5 * wide), true);
  if (!is_first) low_rank(".v_lora", rank(config, "v_low_rank_dim", hidden, 1.7 * wide), true);
  low_rank(".g_lora", rank(config, "gate_low_rank_dim", hidden, 5), false);
  return mix;
}

Rwkv7Sizes read_sizes(const ConfigReader& config) {
  Rwkv7Sizes sizes{};
  sizes.hidden = config.integer("hidden_size");
  sizes.head_dim = config.has("num_heads") && !config.has("head_dim") ? sizes.hidden / config.integer("num_heads")
                                                                      : config.integer("head_dim", 64);
  if (sizes.head_dim < 1 || sizes.hidden % sizes.head_dim != 0)
    fail(config.where(), "expected hidden_size to be a multiple of head_dim, got {} and {}", sizes.hidden,
         sizes.head_dim);
  const int64_t ratio = config.integer("hidden_ratio", 4);
  sizes.inner = config.integer("intermediate_size", (sizes.hidden * ratio + 31) / 32 * 32);
  return sizes;
}

}  // namespace

/// RWKV 7 under flash-linear-attention's names. Its hybrids with softmax attention are refused.
ModelSpec parse_rwkv7(const ConfigReader& config) {
  if (config.has("attn"))
    fail(config.where(), "expected RWKV layers only, got 'attn': {}; try a model without", config.at("attn").dump());
  const Rwkv7Sizes sizes = read_sizes(config);
  ModelSpec spec;
  spec.base_prefix = "model.";
  spec.hidden_size = sizes.hidden;
  spec.vocab_size = config.integer("vocab_size");
  spec.max_positions = config.integer("max_position_embeddings", 2048);
  spec.initializer_range = config.number("initializer_range", 0.02);
  spec.embedding = {"model.embeddings", spec.vocab_size, sizes.hidden};
  const int64_t n_layer = config.integer("num_hidden_layers");
  check_layer_count(config, n_layer);
  for (int64_t i = 0; i < n_layer; ++i) {
    const std::string name = "model.layers." + std::to_string(i);
    LayerSpec layer;
    layer.before_attention = rwkv7_norm(config, name + ".attn_norm", sizes.hidden);
    layer.time_mix = time_mix(config, sizes, name + ".attn", i == 0);
    layer.before_second = rwkv7_norm(config, name + ".ffn_norm", sizes.hidden);
    layer.channel_mix = ChannelMixSpec{.version = 7,
                                       .name = name + ".ffn",
                                       .key = {.name = name + ".ffn.key", .in = sizes.hidden, .out = sizes.inner},
                                       .value = {.name = name + ".ffn.value", .in = sizes.inner, .out = sizes.hidden}};
    spec.layers.push_back(std::move(layer));
  }
  if (config.flag("norm_first", true))
    spec.embedding_norm = rwkv7_norm(config, "model.layers.0.pre_norm", sizes.hidden);
  spec.final_norm = rwkv7_norm(config, "model.norm", sizes.hidden);
  spec.tied_head = config.flag("tie_word_embeddings", false);
  spec.head = {.name = "lm_head", .in = sizes.hidden, .out = spec.vocab_size};
  return spec;
}

}  // namespace llmbox
