#include <cmath>

#include "arch/family.h"
#include "arch/shape/gpt.h"

namespace llmbox {

ModelSpec parse_xglm(const ConfigReader& config) {
  GptShape shape;
  shape.names = {.embedding = "model.embed_tokens",
                 .layers = "model.layers.",
                 .before_attention = "self_attn_layer_norm",
                 .before_ffn = "final_layer_norm",
                 .attention = "self_attn",
                 .qkv = {"q_proj", "k_proj", "v_proj"},
                 .out = "out_proj",
                 .up = "fc1",
                 .down = "fc2",
                 .final_norm = "model.layer_norm",
                 .head = "lm_head"};
  shape.hidden = config.integer("d_model");
  shape.inner = config.integer("ffn_dim");
  shape.n_layer = config.integer("num_layers");
  shape.n_head = shape.n_kv_head = config.integer("attention_heads");
  shape.vocab = config.integer("vocab_size");
  shape.max_positions = config.integer("max_position_embeddings", 2048);
  shape.activation = read_activation(config, "activation_function", "gelu");
  shape.layout = QkvLayout::separate;
  ModelSpec spec = gpt_spec(config, shape);
  spec.initializer_range = config.number("init_std", 0.02);
  spec.ignored = {".embed_positions.weights"};
  spec.sinusoidal = true;
  spec.position_offset = 2;
  if (config.flag("scale_embedding", true)) spec.embedding_scale = std::sqrt(static_cast<double>(shape.hidden));
  return spec;
}

}  // namespace llmbox
