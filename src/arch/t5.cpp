#include <cmath>

#include "arch/family.h"
#include "core/error.h"

namespace llmbox {

namespace {

struct T5Sizes {
  int64_t hidden, inner, n_head, head_dim;
  double eps;
};

/// "relu", or "gated-" and an activation; "gated-gelu" means the tanh form.
struct FeedForwardKind {
  bool gated;
  Activation activation;
};

FeedForwardKind read_feed_forward(const ConfigReader& config) {
  const std::string kind = config.text("feed_forward_proj", "relu");
  if (kind == "relu") return {false, Activation::relu};
  if (kind == "gated-gelu") return {true, Activation::gelu_tanh};
  if (kind == "gated-silu") return {true, Activation::silu};
  fail(config.where(), "expected relu, gated-gelu or gated-silu for 'feed_forward_proj', got '{}'", kind);
}

NormSpec norm(const T5Sizes& sizes, const std::string& name) {
  return {.name = name, .size = sizes.hidden, .eps = sizes.eps};
}

AttentionSpec attention_spec(const T5Sizes& sizes, const std::string& name) {
  const int64_t width = sizes.n_head * sizes.head_dim;
  AttentionSpec attention;
  attention.name = name;
  attention.n_head = attention.n_kv_head = sizes.n_head;
  attention.head_dim = sizes.head_dim;
  for (const char* part : {".q", ".k", ".v"})
    attention.qkv.push_back({.name = name + part, .in = sizes.hidden, .out = width});
  attention.out = {.name = name + ".o", .in = width, .out = sizes.hidden};
  attention.scale = 1;  // it is in the initialisation
  return attention;
}

FfnSpec ffn_spec(const T5Sizes& sizes, const FeedForwardKind& kind, const std::string& name) {
  FfnSpec ffn;
  if (kind.gated) ffn.gate = LinearSpec{.name = name + ".wi_0", .in = sizes.hidden, .out = sizes.inner};
  ffn.up = {.name = name + (kind.gated ? ".wi_1" : ".wi"), .in = sizes.hidden, .out = sizes.inner};
  ffn.down = {.name = name + ".wo", .in = sizes.inner, .out = sizes.hidden};
  ffn.activation = kind.activation;
  return ffn;
}

/// One stack; a decoder's layers have cross-attention between their two blocks.
std::vector<LayerSpec> stack(const ConfigReader& config, const T5Sizes& sizes, bool is_decoder) {
  const std::string stack_name = is_decoder ? "decoder" : "encoder";
  const int64_t n =
      is_decoder ? config.integer("num_decoder_layers", config.integer("num_layers")) : config.integer("num_layers");
  const RelativeBiasSpec relative{.name = stack_name + ".block.0.layer.0.SelfAttention.relative_attention_bias",
                                  .n_bucket = config.integer("relative_attention_num_buckets", 32),
                                  .max_distance = config.integer("relative_attention_max_distance", 128),
                                  .both_ways = !is_decoder};
  check_layer_count(config, n);
  std::vector<LayerSpec> layers;
  for (int64_t i = 0; i < n; ++i) {
    const std::string name = stack_name + ".block." + std::to_string(i) + ".layer.";
    LayerSpec layer;
    layer.before_attention = norm(sizes, name + "0.layer_norm");
    layer.attention = attention_spec(sizes, name + "0.SelfAttention");
    layer.attention.causal = is_decoder;
    layer.attention.relative = relative;
    if (is_decoder) {
      layer.before_second = norm(sizes, name + "1.layer_norm");
      layer.cross = attention_spec(sizes, name + "1.EncDecAttention");
    }
    const std::string last = name + (is_decoder ? "2" : "1");
    layer.before_ffn = norm(sizes, last + ".layer_norm");
    layer.ffn = ffn_spec(sizes, read_feed_forward(config), last + ".DenseReluDense");
    layers.push_back(std::move(layer));
  }
  return layers;
}

}  // namespace

ModelSpec parse_t5(const ConfigReader& config) {
  const T5Sizes sizes{config.integer("d_model"), config.integer("d_ff"), config.integer("num_heads"),
                      config.integer("d_kv"), config.number("layer_norm_epsilon", 1e-6)};
  ModelSpec spec;
  spec.ignored = {"coder.embed_tokens.weight"};
  spec.hidden_size = sizes.hidden;
  spec.vocab_size = config.integer("vocab_size");
  spec.embedding = {"shared", spec.vocab_size, sizes.hidden};
  spec.encoder = stack(config, sizes, false);
  spec.encoder_norm = norm(sizes, "encoder.final_layer_norm");
  spec.layers = stack(config, sizes, true);
  spec.final_norm = norm(sizes, "decoder.final_layer_norm");
  spec.tied_head = config.flag("tie_word_embeddings", true);
  spec.head = {.name = "lm_head", .in = sizes.hidden, .out = spec.vocab_size};
  if (spec.tied_head) spec.logit_scale = 1.0 / std::sqrt(static_cast<double>(sizes.hidden));
  return spec;
}

}  // namespace llmbox
