#include "arch/shape/gemma.h"

#include <cmath>

namespace llmbox {

LlamaShape gemma_shape(const ConfigReader& config) {
  LlamaShape shape;
  shape.qkv_bias = shape.out_bias = config.flag("attention_bias", false);
  shape.norm_offset = 1;
  // hidden_act of the first files says "gelu" and means the tanh form.
  shape.activation_key = "hidden_activation";
  shape.activation = "gelu_pytorch_tanh";
  shape.tied_head = true;
  shape.default_head_dim = 256;
  return shape;
}

ModelSpec gemma_spec(const ConfigReader& config, const LlamaShape& shape) {
  ModelSpec spec = llama_spec(config, shape);
  spec.embedding_scale = std::sqrt(static_cast<double>(spec.hidden_size));
  return spec;
}

void add_gemma2_parts(const ConfigReader& config, const LlamaShape& shape, ModelSpec& spec) {
  for (size_t i = 0; i < spec.layers.size(); ++i) {
    const std::string name = "model.layers." + std::to_string(i);
    LayerSpec& layer = spec.layers[i];
    layer.after_attention = llama_norm(config, shape, name + ".post_attention_layernorm", spec.hidden_size);
    layer.before_ffn = llama_norm(config, shape, name + ".pre_feedforward_layernorm", spec.hidden_size);
    layer.after_ffn = llama_norm(config, shape, name + ".post_feedforward_layernorm", spec.hidden_size);
    layer.attention.scale = 1.0 / std::sqrt(config.number("query_pre_attn_scalar", 256));
    layer.attention.softcap = config.number("attn_logit_softcapping", 0);
  }
  spec.logit_softcap = config.number("final_logit_softcapping", 0);
}

}  // namespace llmbox
