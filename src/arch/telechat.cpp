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
  rename_llama(spec, {.embedding = "transformer.word_embeddings",
                      .layers = "transformer.h.",
                      .attention = "self_attention",
                      .qkv = {"query", "key_value", "key_value"},
                      .out = "dense",
                      .final_norm = "transformer.ln_f"});
  for (LayerSpec& layer : spec.layers) {
    AttentionSpec& attention = layer.attention;
    attention.qkv.pop_back();
    attention.qkv[1].out *= 2;
    attention.layout = QkvLayout::key_value_pairs;
    attention.out.has_bias = true;
    layer.ffn.down.has_bias = true;
  }
  return spec;
}

}  // namespace llmbox
