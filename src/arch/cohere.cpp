#include "arch/family.h"
#include "arch/shape/llama.h"
#include "arch/shape/norm.h"

namespace llmbox {

ModelSpec parse_cohere(const ConfigReader& config) {
  LlamaShape shape;
  shape.qkv_bias = shape.out_bias = config.flag("attention_bias", false);
  shape.norm_kind = NormKind::layer;
  shape.eps_key = "layer_norm_eps";
  shape.eps = 1e-5;
  shape.tied_head = true;
  ModelSpec spec = llama_spec(config, shape);
  spec.logit_scale = config.number("logit_scale", 0.0625);
  spec.ropes[0].interleaved = true;
  for (LayerSpec& layer : spec.layers) {
    layer.residual = Residual::parallel;
    layer.before_ffn.reset();
    if (!config.flag("use_qk_norm", false)) continue;
    AttentionSpec& attention = layer.attention;
    const NormSpec& like = *layer.before_attention;
    attention.q_norm = head_norm_like(like, attention.name + ".q_norm", attention.head_dim, attention.n_head);
    attention.k_norm = head_norm_like(like, attention.name + ".k_norm", attention.head_dim, attention.n_kv_head);
  }
  return spec;
}

}  // namespace llmbox
