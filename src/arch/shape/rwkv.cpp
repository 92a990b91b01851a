#include "arch/shape/rwkv.h"

#include <cmath>

#include "core/error.h"

namespace llmbox {

namespace {

NormSpec rwkv_norm(const ConfigReader& config, const std::string& name, int64_t size) {
  return {.name = name,
          .kind = NormKind::layer,
          .size = size,
          .eps = config.number("layer_norm_epsilon", 1e-5),
          .has_bias = true};
}

TimeMixSpec time_mix(const ConfigReader& config, const RwkvShape& shape, const std::string& name) {
  const int64_t hidden = config.integer("hidden_size"), channels = rwkv_channels(config);
  TimeMixSpec mix;
  mix.version = shape.version;
  mix.name = name;
  mix.n_head = shape.n_head;
  mix.head_dim = channels / shape.n_head;
  mix.mix_rank = shape.mix_rank;
  mix.decay_rank = shape.decay_rank;
  mix.receptance = {.name = name + ".receptance", .in = hidden, .out = channels};
  mix.key = {.name = name + ".key", .in = hidden, .out = channels};
  mix.value = {.name = name + ".value", .in = hidden, .out = channels};
  mix.out = {.name = name + ".output", .in = channels, .out = hidden};
  if (shape.version == 4) return mix;
  mix.gate = LinearSpec{.name = name + ".gate", .in = hidden, .out = channels};
  mix.norm = rwkv_norm(config, name + ".ln_x", channels);
  mix.norm->groups = shape.n_head;
  mix.norm->eps *= std::pow(config.number("head_size_divisor", 8), 2);  // what is normed is divided by it
  return mix;
}

ChannelMixSpec channel_mix(const ConfigReader& config, const RwkvShape& shape, const std::string& name) {
  const int64_t hidden = config.integer("hidden_size"), inner = config.integer("intermediate_size", shape.inner);
  return {.version = shape.version,
          .name = name,
          .key = {.name = name + ".key", .in = hidden, .out = inner},
          .value = {.name = name + ".value", .in = inner, .out = hidden},
          .receptance = LinearSpec{.name = name + ".receptance", .in = hidden, .out = hidden}};
}

}  // namespace

int64_t rwkv_channels(const ConfigReader& config) {
  return config.integer("attention_hidden_size", config.integer("hidden_size"));
}

RwkvShape rwkv_headed_shape(const ConfigReader& config, int version) {
  const int64_t channels = rwkv_channels(config), head_dim = config.integer("head_size", 64);
  if (channels % head_dim != 0)
    fail(config.where(), "expected attention_hidden_size to be a multiple of head_size, got {} and {}", channels,
         head_dim);
  return {.version = version,
          .inner = std::max<int64_t>(32, config.integer("hidden_size") * 7 / 2 / 32 * 32),
          .n_head = channels / head_dim};
}

ModelSpec rwkv_spec(const ConfigReader& config, const RwkvShape& shape) {
  ModelSpec spec;
  spec.base_prefix = "rwkv.";
  spec.hidden_size = config.integer("hidden_size");
  spec.vocab_size = config.integer("vocab_size");
  spec.max_positions = config.integer("context_length", config.integer("max_position_embeddings", 1 << 20));
  spec.embedding = {"rwkv.embeddings", spec.vocab_size, spec.hidden_size};
  const int64_t n_layer = config.integer("num_hidden_layers");
  check_layer_count(config, n_layer);
  for (int64_t i = 0; i < n_layer; ++i) {
    const std::string name = "rwkv.blocks." + std::to_string(i);
    LayerSpec layer;
    layer.before_attention = rwkv_norm(config, name + ".ln1", spec.hidden_size);
    layer.time_mix = time_mix(config, shape, name + ".attention");
    layer.before_second = rwkv_norm(config, name + ".ln2", spec.hidden_size);
    layer.channel_mix = channel_mix(config, shape, name + ".feed_forward");
    spec.layers.push_back(std::move(layer));
  }
  spec.embedding_norm = rwkv_norm(config, "rwkv.blocks.0.pre_ln", spec.hidden_size);
  spec.final_norm = rwkv_norm(config, "rwkv.ln_out", spec.hidden_size);
  spec.final_norm->eps = 1e-5;  // whatever the config says
  spec.tied_head = config.flag("tie_word_embeddings", false);
  spec.head = {.name = "head", .in = spec.hidden_size, .out = spec.vocab_size};
  return spec;
}

}  // namespace llmbox
