#include "arch/family.h"
#include "arch/shape/gpt.h"
#include "arch/shape/rope.h"

namespace llmbox {

ModelSpec parse_gptj(const ConfigReader& config) {
  GptShape shape;
  shape.names = {.embedding = "transformer.wte",
                 .layers = "transformer.h.",
                 .before_attention = "ln_1",
                 .before_ffn = nullptr,
                 .attention = "attn",
                 .qkv = {"q_proj", "k_proj", "v_proj"},
                 .out = "out_proj",
                 .up = "mlp.fc_in",
                 .down = "mlp.fc_out",
                 .final_norm = "transformer.ln_f",
                 .head = "lm_head"};
  shape.hidden = config.integer("n_embd");
  shape.inner = config.integer("n_inner", 4 * shape.hidden);
  shape.n_layer = config.integer("n_layer");
  shape.n_head = shape.n_kv_head = config.integer("n_head");
  shape.vocab = config.integer("vocab_size");
  shape.max_positions = config.integer("n_positions", 2048);
  shape.eps = config.number("layer_norm_epsilon", 1e-5);
  shape.activation = read_activation(config, "activation_function", "gelu_new");
  shape.layout = QkvLayout::separate;
  shape.qkv_bias = shape.out_bias = false;
  shape.head_bias = true;
  shape.tied_head = false;
  shape.residual = Residual::parallel;
  ModelSpec spec = gpt_spec(config, shape);
  spec.ignored = {".attn.bias", ".attn.masked_bias"};
  const int64_t head_dim = shape.hidden / shape.n_head;
  spec.ropes = {{.dim = config.integer("rotary_dim", head_dim), .interleaved = true}};
  check_rope(config, spec.ropes[0], head_dim);
  for (LayerSpec& layer : spec.layers) layer.attention.rope = 0;
  return spec;
}

}  // namespace llmbox
