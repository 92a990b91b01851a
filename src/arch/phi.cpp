#include "arch/family.h"
#include "arch/shape/gpt.h"
#include "arch/shape/norm.h"
#include "arch/shape/rope.h"

namespace llmbox {

ModelSpec parse_phi(const ConfigReader& config) {
  GptShape shape;
  shape.names = {.embedding = "model.embed_tokens",
                 .layers = "model.layers.",
                 .before_attention = "input_layernorm",
                 .before_ffn = nullptr,
                 .attention = "self_attn",
                 .qkv = {"q_proj", "k_proj", "v_proj"},
                 .out = "dense",
                 .up = "mlp.fc1",
                 .down = "mlp.fc2",
                 .final_norm = "model.final_layernorm",
                 .head = "lm_head"};
  shape.hidden = config.integer("hidden_size");
  shape.inner = config.integer("intermediate_size");
  shape.n_layer = config.integer("num_hidden_layers");
  shape.n_head = config.integer("num_attention_heads");
  shape.n_kv_head = config.integer("num_key_value_heads", shape.n_head);
  shape.vocab = config.integer("vocab_size");
  shape.max_positions = config.integer("max_position_embeddings", 2048);
  shape.eps = config.number("layer_norm_eps", 1e-5);
  shape.activation = read_activation(config, "hidden_act", "gelu_new");
  shape.layout = QkvLayout::separate;
  shape.head_bias = true;
  shape.tied_head = false;
  shape.residual = Residual::parallel;
  ModelSpec spec = gpt_spec(config, shape);
  spec.ignored = {".rotary_emb.inv_freq"};
  const int64_t head_dim = shape.hidden / shape.n_head;
  spec.ropes = {read_rope(config, head_dim, {.part = 0.5})};
  for (LayerSpec& layer : spec.layers) {
    layer.attention.rope = 0;
    if (!config.flag("qk_layernorm", false)) continue;
    layer.attention.q_norm = head_norm_like(*layer.before_attention, layer.attention.name + ".q_layernorm", head_dim);
    layer.attention.k_norm = head_norm_like(*layer.before_attention, layer.attention.name + ".k_layernorm", head_dim);
  }
  return spec;
}

}  // namespace llmbox
