#include "arch/family.h"
#include "arch/shape/gpt.h"

namespace llmbox {

ModelSpec parse_gpt_bigcode(const ConfigReader& config) {
  const bool multi_query = config.flag("multi_query", true);
  GptShape shape;
  shape.names = {.embedding = "transformer.wte",
                 .layers = "transformer.h.",
                 .before_attention = "ln_1",
                 .before_ffn = "ln_2",
                 .attention = "attn",
                 .qkv = {"c_attn"},
                 .out = "c_proj",
                 .up = "mlp.c_fc",
                 .down = "mlp.c_proj",
                 .final_norm = "transformer.ln_f",
                 .head = "lm_head"};
  shape.hidden = config.integer("n_embd");
  shape.inner = config.integer("n_inner", 4 * shape.hidden);
  shape.n_layer = config.integer("n_layer");
  shape.n_head = config.integer("n_head");
  shape.n_kv_head = multi_query ? 1 : shape.n_head;
  shape.layout = multi_query ? QkvLayout::fused : QkvLayout::grouped;
  shape.vocab = config.integer("vocab_size");
  shape.max_positions = config.integer("n_positions", 1024);
  shape.eps = config.number("layer_norm_epsilon", 1e-5);
  shape.activation = read_activation(config, "activation_function", "gelu_pytorch_tanh");
  ModelSpec spec = gpt_spec(config, shape);
  spec.ignored = {".attn.bias", ".attn.masked_bias"};
  spec.positions = EmbeddingSpec{"transformer.wpe", spec.max_positions, spec.hidden_size};
  if (!config.flag("scale_attn_weights", true))
    for (LayerSpec& layer : spec.layers) layer.attention.scale = 1;
  return spec;
}

}  // namespace llmbox
