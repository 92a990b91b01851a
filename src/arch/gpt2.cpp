#include <cmath>

#include "arch/family.h"
#include "core/error.h"

namespace llmbox {

namespace {

NormSpec layer_norm_spec(const ConfigReader& config, const std::string& name, int64_t size) {
  return {.name = name,
          .kind = NormKind::layer,
          .size = size,
          .eps = config.number("layer_norm_epsilon", 1e-5),
          .has_bias = true};
}

LinearSpec conv1d(const std::string& name, int64_t in, int64_t out) {
  return {.name = name, .in = in, .out = out, .has_bias = true, .transposed = true};
}

LayerSpec gpt2_layer(const ConfigReader& config, int64_t index, int64_t hidden) {
  const std::string name = "transformer.h." + std::to_string(index);
  const int64_t n_head = config.integer("n_head");
  LayerSpec layer;
  layer.before_attention = layer_norm_spec(config, name + ".ln_1", hidden);
  layer.before_ffn = layer_norm_spec(config, name + ".ln_2", hidden);
  AttentionSpec& attention = layer.attention;
  attention.name = name + ".attn";
  attention.n_head = attention.n_kv_head = n_head;
  attention.head_dim = hidden / n_head;
  attention.layout = QkvLayout::fused;
  attention.qkv = {conv1d(attention.name + ".c_attn", hidden, 3 * hidden)};
  attention.out = conv1d(attention.name + ".c_proj", hidden, hidden);
  const bool scaled = config.flag("scale_attn_weights", true);
  attention.scale = scaled ? 1.0 / std::sqrt(static_cast<double>(attention.head_dim)) : 1.0;
  if (config.flag("scale_attn_by_inverse_layer_idx", false)) attention.scale /= static_cast<double>(index + 1);
  const int64_t inner = config.integer("n_inner", 4 * hidden);
  layer.ffn.up = conv1d(name + ".mlp.c_fc", hidden, inner);
  layer.ffn.down = conv1d(name + ".mlp.c_proj", inner, hidden);
  layer.ffn.activation = read_activation(config, "activation_function", "gelu_new");
  return layer;
}

}  // namespace

ModelSpec parse_gpt2(const ConfigReader& config) {
  ModelSpec spec;
  spec.base_prefix = "transformer.";
  spec.ignored = {".attn.bias", ".attn.masked_bias"};
  spec.hidden_size = config.integer("n_embd");
  spec.vocab_size = config.integer("vocab_size");
  spec.max_positions = config.integer("n_positions", config.integer("n_ctx", 1024));
  spec.initializer_range = config.number("initializer_range", 0.02);
  if (spec.hidden_size % config.integer("n_head") != 0)
    fail(config.where(), "expected n_embd to be a multiple of n_head, got {} and {}", spec.hidden_size,
         config.integer("n_head"));
  spec.embedding = {"transformer.wte", spec.vocab_size, spec.hidden_size};
  spec.positions = EmbeddingSpec{"transformer.wpe", spec.max_positions, spec.hidden_size};
  const int64_t n_layer = config.integer("n_layer");
  for (int64_t i = 0; i < n_layer; ++i) spec.layers.push_back(gpt2_layer(config, i, spec.hidden_size));
  spec.final_norm = layer_norm_spec(config, "transformer.ln_f", spec.hidden_size);
  spec.tied_head = config.flag("tie_word_embeddings", true);
  spec.head = {.name = "lm_head", .in = spec.hidden_size, .out = spec.vocab_size};
  return spec;
}

}  // namespace llmbox
