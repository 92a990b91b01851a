#include "arch/shape/gpt.h"

#include <cmath>

#include "core/error.h"

namespace llmbox {

namespace {

NormSpec gpt_norm(const GptShape& shape, const std::string& name) {
  return {.name = name, .kind = NormKind::layer, .size = shape.hidden, .eps = shape.eps, .has_bias = shape.norm_bias};
}

AttentionSpec gpt_attention(const GptShape& shape, const std::string& name) {
  const int64_t head_dim = shape.hidden / shape.n_head;
  const int64_t kv_size = shape.n_kv_head * head_dim;
  AttentionSpec attention;
  attention.name = name;
  attention.n_head = shape.n_head;
  attention.n_kv_head = shape.n_kv_head;
  attention.head_dim = head_dim;
  attention.layout = shape.layout;
  const auto product = [&](const char* part, int64_t out) {
    attention.qkv.push_back({.name = name + "." + part,
                             .in = shape.hidden,
                             .out = out,
                             .has_bias = shape.qkv_bias,
                             .transposed = shape.transposed});
  };
  if (shape.names.qkv.size() == 1) {
    product(shape.names.qkv[0], shape.hidden + 2 * kv_size);
  } else {
    product(shape.names.qkv[0], shape.hidden);
    product(shape.names.qkv[1], kv_size);
    product(shape.names.qkv[2], kv_size);
  }
  attention.out = {.name = name + "." + shape.names.out,
                   .in = shape.hidden,
                   .out = shape.hidden,
                   .has_bias = shape.out_bias,
                   .transposed = shape.transposed};
  attention.scale = 1.0 / std::sqrt(static_cast<double>(head_dim));
  return attention;
}

LayerSpec gpt_layer(const GptShape& shape, const std::string& name) {
  LayerSpec layer;
  layer.residual = shape.residual;
  layer.before_attention = gpt_norm(shape, name + shape.names.before_attention);
  if (shape.names.before_ffn) layer.before_ffn = gpt_norm(shape, name + shape.names.before_ffn);
  layer.attention = gpt_attention(shape, name + shape.names.attention);
  layer.ffn.up = {.name = name + shape.names.up,
                  .in = shape.hidden,
                  .out = shape.inner,
                  .has_bias = shape.mlp_bias,
                  .transposed = shape.transposed};
  layer.ffn.down = {.name = name + shape.names.down,
                    .in = shape.inner,
                    .out = shape.hidden,
                    .has_bias = shape.mlp_bias,
                    .transposed = shape.transposed};
  layer.ffn.activation = shape.activation;
  return layer;
}

}  // namespace

ModelSpec gpt_spec(const ConfigReader& config, const GptShape& shape) {
  if (shape.hidden % shape.n_head != 0)
    fail(config.where(), "expected a hidden size that is a multiple of the number of heads, got {} and {}",
         shape.hidden, shape.n_head);
  if (shape.n_head % shape.n_kv_head != 0)
    fail(config.where(), "expected a number of heads that is a multiple of the key heads', got {} and {}", shape.n_head,
         shape.n_kv_head);
  check_layer_count(config, shape.n_layer);
  ModelSpec spec;
  const std::string embedding = shape.names.embedding;
  spec.base_prefix = embedding.substr(0, embedding.find('.') + 1);
  spec.hidden_size = shape.hidden;
  spec.vocab_size = shape.vocab;
  spec.max_positions = shape.max_positions;
  spec.initializer_range = config.number("initializer_range", 0.02);
  spec.embedding = {embedding, shape.vocab, shape.hidden};
  for (int64_t i = 0; i < shape.n_layer; ++i)
    spec.layers.push_back(gpt_layer(shape, shape.names.layers + std::to_string(i) + "."));
  spec.final_norm = gpt_norm(shape, shape.names.final_norm);
  spec.tied_head = config.flag("tie_word_embeddings", shape.tied_head);
  spec.head = {.name = shape.names.head, .in = shape.hidden, .out = shape.vocab, .has_bias = shape.head_bias};
  return spec;
}

}  // namespace llmbox
