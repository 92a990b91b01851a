#include <cmath>

#include "arch/family.h"
#include "arch/shape/chatglm1.h"
#include "core/error.h"

namespace llmbox {

namespace {

struct GlmSizes {
  int64_t hidden, inner, n_head, n_kv_head, head_dim;
};

GlmSizes read_glm_sizes(const ConfigReader& config) {
  GlmSizes sizes{};
  sizes.hidden = config.integer("hidden_size");
  sizes.inner = config.integer("ffn_hidden_size");
  sizes.n_head = config.integer("num_attention_heads");
  sizes.n_kv_head =
      config.flag("multi_query_attention", false) ? config.integer("multi_query_group_num") : sizes.n_head;
  sizes.head_dim = config.integer("kv_channels", sizes.hidden / sizes.n_head);
  if (sizes.n_head % sizes.n_kv_head != 0)
    fail(config.where(), "expected num_attention_heads to be a multiple of multi_query_group_num, got {} and {}",
         sizes.n_head, sizes.n_kv_head);
  return sizes;
}

NormSpec norm(const ConfigReader& config, const std::string& name, int64_t size) {
  const bool rms = config.flag("rmsnorm", true);
  return {.name = name,
          .kind = rms ? NormKind::rms : NormKind::layer,
          .size = size,
          .eps = config.number("layernorm_epsilon", 1e-5),
          .has_bias = !rms};
}

AttentionSpec attention_spec(const ConfigReader& config, const GlmSizes& sizes, const std::string& name) {
  const int64_t q_size = sizes.n_head * sizes.head_dim, kv_size = sizes.n_kv_head * sizes.head_dim;
  const bool bias = config.flag("add_bias_linear", false);
  AttentionSpec attention;
  attention.name = name;
  attention.n_head = sizes.n_head;
  attention.n_kv_head = sizes.n_kv_head;
  attention.head_dim = sizes.head_dim;
  attention.layout = QkvLayout::fused;
  attention.qkv = {{.name = name + ".query_key_value",
                    .in = sizes.hidden,
                    .out = q_size + 2 * kv_size,
                    .has_bias = bias || config.flag("add_qkv_bias", false)}};
  attention.out = {.name = name + ".dense", .in = q_size, .out = sizes.hidden, .has_bias = bias};
  attention.rope = 0;
  attention.scale = 1.0 / std::sqrt(static_cast<double>(sizes.head_dim));
  return attention;
}

}  // namespace

/// ChatGLM 2 and 3, GLM-4-9B: half of each head is rotated in neighbouring pairs. The first ChatGLM is another model
/// under the same type.
ModelSpec parse_chatglm(const ConfigReader& config) {
  if (config.has("inner_hidden_size")) return chatglm1_spec(config);
  const GlmSizes sizes = read_glm_sizes(config);
  const bool bias = config.flag("add_bias_linear", false);
  ModelSpec spec;
  spec.base_prefix = "transformer.";
  spec.ignored = {".rotary_pos_emb.inv_freq"};
  spec.hidden_size = sizes.hidden;
  spec.vocab_size = config.integer("padded_vocab_size", config.integer("vocab_size", 65024));
  spec.max_positions = config.integer("seq_length", 2048);
  spec.embedding = {"transformer.embedding.word_embeddings", spec.vocab_size, sizes.hidden};
  spec.ropes = {{.dim = sizes.head_dim / 2, .theta = 10000 * config.number("rope_ratio", 1), .interleaved = true}};
  const int64_t n_layer = config.integer("num_layers");
  check_layer_count(config, n_layer);
  for (int64_t i = 0; i < n_layer; ++i) {
    const std::string name = "transformer.encoder.layers." + std::to_string(i);
    LayerSpec layer;
    layer.residual_of_normed = config.flag("apply_residual_connection_post_layernorm", false);
    layer.before_attention = norm(config, name + ".input_layernorm", sizes.hidden);
    layer.before_ffn = norm(config, name + ".post_attention_layernorm", sizes.hidden);
    layer.attention = attention_spec(config, sizes, name + ".self_attention");
    layer.ffn.up = {.name = name + ".mlp.dense_h_to_4h", .in = sizes.hidden, .out = 2 * sizes.inner, .has_bias = bias};
    layer.ffn.gate_in_up = true;
    layer.ffn.down = {.name = name + ".mlp.dense_4h_to_h", .in = sizes.inner, .out = sizes.hidden, .has_bias = bias};
    spec.layers.push_back(std::move(layer));
  }
  if (config.flag("post_layer_norm", true))
    spec.final_norm = norm(config, "transformer.encoder.final_layernorm", sizes.hidden);
  spec.tied_head = config.flag("tie_word_embeddings", false);
  spec.head = {.name = "transformer.output_layer", .in = sizes.hidden, .out = spec.vocab_size};
  return spec;
}

}  // namespace llmbox
