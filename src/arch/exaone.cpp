#include "arch/family.h"
#include "arch/shape/llama.h"

namespace llmbox {

/// EXAONE 3 and 3.5: llama's shape under GPT-2's names.
ModelSpec parse_exaone(const ConfigReader& config) {
  LlamaShape shape;
  shape.eps_key = "layer_norm_epsilon";
  shape.eps = 1e-5;
  shape.n_layer_key = "num_layers";
  shape.activation_key = "activation_function";
  ModelSpec spec = llama_spec(config, shape);
  spec.base_prefix = "transformer.";
  rename_llama(spec, {.embedding = "transformer.wte",
                      .layers = "transformer.h.",
                      .before_attention = "ln_1",
                      .before_ffn = "ln_2",
                      .attention = "attn.attention",
                      .out = "out_proj",
                      .gate = "mlp.c_fc_0",
                      .up = "mlp.c_fc_1",
                      .down = "mlp.c_proj",
                      .final_norm = "transformer.ln_f"});
  return spec;
}

}  // namespace llmbox
