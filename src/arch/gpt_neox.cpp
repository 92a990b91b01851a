#include "arch/family.h"
#include "arch/shape/gpt.h"
#include "arch/shape/rope.h"

namespace llmbox {

ModelSpec parse_gpt_neox(const ConfigReader& config) {
  GptShape shape;
  shape.names = {.embedding = "gpt_neox.embed_in",
                 .layers = "gpt_neox.layers.",
                 .before_attention = "input_layernorm",
                 .before_ffn = "post_attention_layernorm",
                 .attention = "attention",
                 .qkv = {"query_key_value"},
                 .out = "dense",
                 .up = "mlp.dense_h_to_4h",
                 .down = "mlp.dense_4h_to_h",
                 .final_norm = "gpt_neox.final_layer_norm",
                 .head = "embed_out"};
  shape.hidden = config.integer("hidden_size");
  shape.inner = config.integer("intermediate_size");
  shape.n_layer = config.integer("num_hidden_layers");
  shape.n_head = shape.n_kv_head = config.integer("num_attention_heads");
  shape.vocab = config.integer("vocab_size");
  shape.max_positions = config.integer("max_position_embeddings", 2048);
  shape.eps = config.number("layer_norm_eps", 1e-5);
  shape.activation = read_activation(config, "hidden_act", "gelu");
  shape.layout = QkvLayout::grouped;
  shape.qkv_bias = shape.out_bias = config.flag("attention_bias", true);
  shape.tied_head = false;
  shape.residual = config.flag("use_parallel_residual", true) ? Residual::parallel : Residual::sequential;
  ModelSpec spec = gpt_spec(config, shape);
  spec.ignored = {".attention.bias", ".attention.masked_bias", ".rotary_emb.inv_freq"};
  const RopeDefaults defaults{.theta = config.number("rotary_emb_base", 10000),
                              .part = config.number("rotary_pct", 0.25)};
  spec.ropes = {read_rope(config, shape.hidden / shape.n_head, defaults)};
  for (LayerSpec& layer : spec.layers) layer.attention.rope = 0;
  return spec;
}

}  // namespace llmbox
