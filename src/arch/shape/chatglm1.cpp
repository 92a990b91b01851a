#include "arch/shape/chatglm1.h"

#include <cmath>

#include "core/error.h"

namespace llmbox {

namespace {

NormSpec chatglm1_norm(const ConfigReader& config, const std::string& name, int64_t hidden) {
  return {.name = name,
          .kind = NormKind::layer,
          .size = hidden,
          .eps = config.number("layernorm_epsilon", 1e-5),
          .has_bias = true};
}

AttentionSpec attention_spec(const std::string& name, int64_t hidden, int64_t n_head) {
  AttentionSpec attention;
  attention.name = name;
  attention.n_head = attention.n_kv_head = n_head;
  attention.head_dim = hidden / n_head;
  attention.layout = QkvLayout::grouped;
  attention.qkv = {{.name = name + ".query_key_value", .in = hidden, .out = 3 * hidden, .has_bias = true}};
  attention.out = {.name = name + ".dense", .in = hidden, .out = hidden, .has_bias = true};
  attention.rope = 0;
  attention.second_rope = 1;
  attention.scale = 1.0 / std::sqrt(static_cast<double>(attention.head_dim));
  return attention;
}

}  // namespace

ModelSpec chatglm1_spec(const ConfigReader& config) {
  if (!config.flag("position_encoding_2d", true))
    fail(config.where(), "expected true for 'position_encoding_2d', got false");
  const int64_t hidden = config.integer("hidden_size"), inner = config.integer("inner_hidden_size");
  const int64_t n_head = config.integer("num_attention_heads"), n_layer = config.integer("num_layers");
  if (hidden % (4 * n_head) != 0)
    fail(config.where(), "expected hidden_size to be a multiple of 4 · num_attention_heads, got {} and {}", hidden,
         n_head);
  check_layer_count(config, n_layer);
  ModelSpec spec;
  spec.base_prefix = "transformer.";
  spec.ignored = {".rotary_emb.inv_freq"};
  spec.hidden_size = hidden;
  spec.vocab_size = config.integer("vocab_size");
  spec.max_positions = config.integer("max_sequence_length", 2048);
  spec.embedding = {"transformer.word_embeddings", spec.vocab_size, hidden};
  const int64_t half = hidden / n_head / 2;
  spec.ropes = {{.dim = half}, {.dim = half, .in_answer = true}};
  spec.prefix = PrefixSpec{.begin = config.integer("bos_token_id"),
                           .masks = {config.integer("gmask_token_id"), config.integer("mask_token_id")}};
  const double alpha = std::sqrt(2.0 * static_cast<double>(n_layer));
  for (int64_t i = 0; i < n_layer; ++i) {
    const std::string name = "transformer.layers." + std::to_string(i);
    LayerSpec layer;
    layer.residual_of_normed = true;
    layer.attention_residual.stream = layer.ffn_residual.stream = alpha;
    layer.before_attention = chatglm1_norm(config, name + ".input_layernorm", hidden);
    layer.before_ffn = chatglm1_norm(config, name + ".post_attention_layernorm", hidden);
    layer.attention = attention_spec(name + ".attention", hidden, n_head);
    layer.ffn.up = {.name = name + ".mlp.dense_h_to_4h", .in = hidden, .out = inner, .has_bias = true};
    layer.ffn.down = {.name = name + ".mlp.dense_4h_to_h", .in = inner, .out = hidden, .has_bias = true};
    layer.ffn.activation = Activation::gelu_tanh;
    spec.layers.push_back(std::move(layer));
  }
  spec.final_norm = chatglm1_norm(config, "transformer.final_layernorm", hidden);
  spec.head = {.name = "lm_head", .in = hidden, .out = spec.vocab_size};
  return spec;
}

}  // namespace llmbox
