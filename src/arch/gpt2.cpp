#include "arch/family.h"
#include "arch/shape/gpt.h"

namespace llmbox {

ModelSpec parse_gpt2(const ConfigReader& config) {
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
  shape.n_head = shape.n_kv_head = config.integer("n_head");
  shape.vocab = config.integer("vocab_size");
  shape.max_positions = config.integer("n_positions", config.integer("n_ctx", 1024));
  shape.eps = config.number("layer_norm_epsilon", 1e-5);
  shape.activation = read_activation(config, "activation_function", "gelu_new");
  shape.transposed = true;
  ModelSpec spec = gpt_spec(config, shape);
  spec.ignored = {".attn.bias", ".attn.masked_bias"};
  spec.positions = EmbeddingSpec{"transformer.wpe", spec.max_positions, spec.hidden_size};
  for (size_t i = 0; i < spec.layers.size(); ++i) {
    double& scale = spec.layers[i].attention.scale;
    if (!config.flag("scale_attn_weights", true)) scale = 1;
    if (config.flag("scale_attn_by_inverse_layer_idx", false)) scale /= static_cast<double>(i + 1);
  }
  return spec;
}

}  // namespace llmbox
