#include "arch/family.h"
#include "arch/shape/alibi.h"
#include "arch/shape/gpt.h"

namespace llmbox {

ModelSpec parse_bloom(const ConfigReader& config) {
  GptShape shape;
  shape.names = {.embedding = "transformer.word_embeddings",
                 .layers = "transformer.h.",
                 .before_attention = "input_layernorm",
                 .before_ffn = "post_attention_layernorm",
                 .attention = "self_attention",
                 .qkv = {"query_key_value"},
                 .out = "dense",
                 .up = "mlp.dense_h_to_4h",
                 .down = "mlp.dense_4h_to_h",
                 .final_norm = "transformer.ln_f",
                 .head = "lm_head"};
  // The first releases said n_embed and num_attention_heads.
  shape.hidden = config.has("hidden_size") ? config.integer("hidden_size") : config.integer("n_embed");
  shape.inner = 4 * shape.hidden;
  shape.n_layer = config.has("n_layer") ? config.integer("n_layer") : config.integer("num_hidden_layers");
  shape.n_head = config.has("n_head") ? config.integer("n_head") : config.integer("num_attention_heads");
  shape.n_kv_head = shape.n_head;
  shape.vocab = config.integer("vocab_size");
  shape.max_positions = config.count("seq_length", 0);
  shape.eps = config.number("layer_norm_epsilon", 1e-5);
  shape.layout = QkvLayout::grouped;
  ModelSpec spec = gpt_spec(config, shape);
  spec.embedding_norm = spec.final_norm;
  spec.embedding_norm->name = "transformer.word_embeddings_layernorm";
  for (LayerSpec& layer : spec.layers) {
    layer.attention.slopes = alibi_slopes(shape.n_head);
    layer.residual_of_normed = config.flag("apply_residual_connection_post_layernorm", false);
  }
  return spec;
}

}  // namespace llmbox
