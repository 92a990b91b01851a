#include "arch/family.h"
#include "arch/shape/llama.h"

namespace llmbox {

/// TeleChat 1 and 2: llama's shape under BLOOM's names, one product for keys and values, biases on what leaves a block.
ModelSpec parse_telechat(const ConfigReader& config) {
  LlamaShape shape;
  shape.eps_key = "layer_norm_epsilon";
  shape.eps = 1e-5;
  shape.inner_key = "ffn_hidden_size";
  shape.n_layer_key = "n_layer";
  shape.n_head_key = "n_head";
  shape.activation_key = "activation_function";
  ModelSpec spec = llama_spec(config, shape);
  spec.base_prefix = "transformer.";
  // Beyond this length the published code changes the rotation's base.
  spec.max_positions = config.integer("base_seqlen", config.integer("seq_length", 8192));
  spec.embedding.name = "transformer.word_embeddings";
  spec.final_norm->name = "transformer.ln_f";
  for (size_t i = 0; i < spec.layers.size(); ++i) {
    const std::string name = "transformer.h." + std::to_string(i);
    LayerSpec& layer = spec.layers[i];
    layer.before_attention->name = name + ".input_layernorm";
    layer.before_ffn->name = name + ".post_attention_layernorm";
    AttentionSpec& attention = layer.attention;
    attention.name = name + ".self_attention";
    LinearSpec pairs = attention.qkv[1];
    pairs.name = attention.name + ".key_value";
    pairs.out *= 2;
    attention.qkv[0].name = attention.name + ".query";
    attention.qkv = {attention.qkv[0], pairs};
    attention.layout = QkvLayout::key_value_pairs;
    attention.out.name = attention.name + ".dense";
    attention.out.has_bias = true;
    layer.ffn.gate->name = name + ".mlp.gate_proj";
    layer.ffn.up.name = name + ".mlp.up_proj";
    layer.ffn.down.name = name + ".mlp.down_proj";
    layer.ffn.down.has_bias = true;
  }
  return spec;
}

}  // namespace llmbox
