#include "arch/family.h"
#include "arch/shape/llama.h"

namespace llmbox {

/// The first Qwen: llama's shape with one product for q, k and v (the only biases), under GPT-2's names. The config
/// counts gate and up together.
ModelSpec parse_qwen(const ConfigReader& config) {
  LlamaShape shape;
  shape.qkv_bias = true;
  shape.eps_key = "layer_norm_epsilon";
  shape.rope.theta = config.number("rotary_emb_base", 10000);
  shape.rope.part = config.number("rotary_pct", 1);
  ModelSpec spec = llama_spec(config, shape);
  spec.base_prefix = "transformer.";
  spec.max_positions = config.integer("seq_length", config.integer("max_position_embeddings", 8192));
  rename_llama(spec, {.embedding = "transformer.wte",
                      .layers = "transformer.h.",
                      .before_attention = "ln_1",
                      .before_ffn = "ln_2",
                      .attention = "attn",
                      .qkv = {"c_attn"},
                      .out = "c_proj",
                      .gate = "mlp.w2",
                      .up = "mlp.w1",
                      .down = "mlp.c_proj",
                      .final_norm = "transformer.ln_f"});
  const int64_t inner = config.integer("intermediate_size") / 2;
  for (LayerSpec& layer : spec.layers) layer.ffn.gate->out = layer.ffn.up.out = layer.ffn.down.in = inner;
  return spec;
}

}  // namespace llmbox
