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
  spec.embedding.name = "transformer.wte";
  spec.final_norm->name = "transformer.ln_f";
  for (size_t i = 0; i < spec.layers.size(); ++i) {
    const std::string name = "transformer.h." + std::to_string(i);
    LayerSpec& layer = spec.layers[i];
    layer.before_attention->name = name + ".ln_1";
    layer.before_ffn->name = name + ".ln_2";
    AttentionSpec& attention = layer.attention;
    attention.name = name + ".attn.attention";
    attention.qkv[0].name = attention.name + ".q_proj";
    attention.qkv[1].name = attention.name + ".k_proj";
    attention.qkv[2].name = attention.name + ".v_proj";
    attention.out.name = attention.name + ".out_proj";
    layer.ffn.gate->name = name + ".mlp.c_fc_0";
    layer.ffn.up.name = name + ".mlp.c_fc_1";
    layer.ffn.down.name = name + ".mlp.c_proj";
  }
  return spec;
}

}  // namespace llmbox
