#include "arch/family.h"
#include "arch/shape/gpt.h"
#include "core/error.h"

namespace llmbox {

namespace {

/// The opt-350m form: norms after each block's sum, none at the end.
void make_post_norm(ModelSpec& spec) {
  for (LayerSpec& layer : spec.layers) {
    layer.residual = Residual::post_norm;
    layer.after_attention = std::exchange(layer.before_attention, std::nullopt);
    layer.after_ffn = std::exchange(layer.before_ffn, std::nullopt);
  }
  spec.final_norm.reset();
}

/// Embeddings narrower than the hidden states.
void add_projections(ModelSpec& spec, int64_t width) {
  spec.embedding.size = spec.head.in = width;
  spec.project_in = LinearSpec{.name = "model.decoder.project_in", .in = width, .out = spec.hidden_size};
  spec.project_out = LinearSpec{.name = "model.decoder.project_out", .in = spec.hidden_size, .out = width};
}

}  // namespace

ModelSpec parse_opt(const ConfigReader& config) {
  GptShape shape;
  shape.names = {.embedding = "model.decoder.embed_tokens",
                 .layers = "model.decoder.layers.",
                 .before_attention = "self_attn_layer_norm",
                 .before_ffn = "final_layer_norm",
                 .attention = "self_attn",
                 .qkv = {"q_proj", "k_proj", "v_proj"},
                 .out = "out_proj",
                 .up = "fc1",
                 .down = "fc2",
                 .final_norm = "model.decoder.final_layer_norm",
                 .head = "lm_head"};
  shape.hidden = config.integer("hidden_size");
  shape.inner = config.integer("ffn_dim");
  shape.n_layer = config.integer("num_hidden_layers");
  shape.n_head = shape.n_kv_head = config.integer("num_attention_heads");
  shape.vocab = config.integer("vocab_size");
  shape.max_positions = config.integer("max_position_embeddings", 2048);
  shape.activation = read_activation(config, "activation_function", "relu");
  shape.layout = QkvLayout::separate;
  shape.qkv_bias = shape.out_bias = shape.mlp_bias = config.flag("enable_bias", true);
  if (!config.flag("layer_norm_elementwise_affine", true))
    fail(config.where(), "expected norms with weights, got layer_norm_elementwise_affine = false; try another OPT");
  ModelSpec spec = gpt_spec(config, shape);
  spec.initializer_range = config.number("init_std", 0.02);
  // Two rows before the first position are the reference's padding.
  spec.position_offset = 2;
  spec.positions = EmbeddingSpec{"model.decoder.embed_positions", shape.max_positions + 2, shape.hidden};
  const int64_t width = config.integer("word_embed_proj_dim", shape.hidden);
  if (width != shape.hidden) add_projections(spec, width);
  if (!config.flag("do_layer_norm_before", true)) make_post_norm(spec);
  if (config.flag("_remove_final_layer_norm", false)) spec.final_norm.reset();
  return spec;
}

}  // namespace llmbox
