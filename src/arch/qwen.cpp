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
  spec.embedding.name = "transformer.wte";
  spec.final_norm->name = "transformer.ln_f";
  for (size_t i = 0; i < spec.layers.size(); ++i) {
    const std::string name = "transformer.h." + std::to_string(i);
    LayerSpec& layer = spec.layers[i];
    layer.before_attention->name = name + ".ln_1";
    layer.before_ffn->name = name + ".ln_2";
    layer.attention.name = name + ".attn";
    fuse_qkv(layer.attention, name + ".attn.c_attn");
    layer.attention.out.name = name + ".attn.c_proj";
    const int64_t inner = config.integer("intermediate_size") / 2;
    layer.ffn.gate->name = name + ".mlp.w2";
    layer.ffn.up.name = name + ".mlp.w1";
    layer.ffn.down.name = name + ".mlp.c_proj";
    layer.ffn.gate->out = layer.ffn.up.out = layer.ffn.down.in = inner;
  }
  return spec;
}

}  // namespace llmbox
