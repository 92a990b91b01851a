#include <cstdlib>

#include "arch/family.h"
#include "arch/shape/alibi.h"
#include "arch/shape/gpt.h"
#include "arch/shape/rope.h"

namespace llmbox {

namespace {

/// falcon-40b and later: two norms side by side, unless the config asks for one.
void set_new_norms(const ConfigReader& config, LayerSpec& layer, const std::string& name) {
  const bool two = config.integer("num_ln_in_parallel_attn", 2) == 2;
  if (!two) return;
  layer.before_ffn = layer.before_attention;
  layer.before_attention->name = name + "ln_attn";
  layer.before_ffn->name = name + "ln_mlp";
}

int64_t key_heads(const ConfigReader& config, int64_t n_head, bool is_new) {
  if (is_new) return config.integer("num_kv_heads", config.integer("n_head_kv", n_head));
  return config.flag("multi_query", true) ? 1 : n_head;
}

/// How often the bias is added: once, as Falcon's own code does; twice in folders that transformers 5 wrote, whose
/// eager attention adds it to the mask and to the scores.
double alibi_times(const ConfigReader& config) {
  return std::atoi(config.text("transformers_version", "0").c_str()) >= 5 ? 2 : 1;
}

}  // namespace

ModelSpec parse_falcon(const ConfigReader& config) {
  const bool is_new = config.flag("new_decoder_architecture", false);
  const bool parallel = is_new || config.flag("parallel_attn", true);
  GptShape shape;
  shape.names = {.embedding = "transformer.word_embeddings",
                 .layers = "transformer.h.",
                 .before_attention = "input_layernorm",
                 .before_ffn = parallel ? nullptr : "post_attention_layernorm",
                 .attention = "self_attention",
                 .qkv = {"query_key_value"},
                 .out = "dense",
                 .up = "mlp.dense_h_to_4h",
                 .down = "mlp.dense_4h_to_h",
                 .final_norm = "transformer.ln_f",
                 .head = "lm_head"};
  shape.hidden = config.integer("hidden_size");
  shape.inner = config.integer("ffn_hidden_size", 4 * shape.hidden);
  shape.n_layer = config.has("num_hidden_layers") ? config.integer("num_hidden_layers") : config.integer("n_layer");
  shape.n_head = config.has("num_attention_heads") ? config.integer("num_attention_heads") : config.integer("n_head");
  shape.n_kv_head = key_heads(config, shape.n_head, is_new);
  shape.vocab = config.integer("vocab_size");
  shape.max_positions = config.integer("max_position_embeddings", 2048);
  shape.eps = config.number("layer_norm_epsilon", 1e-5);
  shape.activation = read_activation(config, "activation", "gelu");
  shape.layout = QkvLayout::grouped;
  shape.qkv_bias = shape.out_bias = shape.mlp_bias = config.flag("bias", false);
  shape.residual = parallel ? Residual::parallel : Residual::sequential;
  ModelSpec spec = gpt_spec(config, shape);
  const bool alibi = config.flag("alibi", false);
  const double times = alibi ? alibi_times(config) : 0;
  if (!alibi) spec.ropes = {read_rope(config, shape.hidden / shape.n_head)};
  for (size_t i = 0; i < spec.layers.size(); ++i) {
    LayerSpec& layer = spec.layers[i];
    if (is_new) set_new_norms(config, layer, shape.names.layers + std::to_string(i) + ".");
    layer.residual_of_normed = config.flag("apply_residual_connection_post_layernorm", false);
    layer.attention.rope = alibi ? -1 : 0;
    if (!alibi) continue;
    layer.attention.slopes = alibi_slopes(shape.n_head);
    // The bias is added before the scores are scaled.
    for (double& slope : layer.attention.slopes) slope *= layer.attention.scale * times;
  }
  return spec;
}

}  // namespace llmbox
