#include "arch/family.h"
#include "arch/shape/llama.h"

namespace llmbox {

namespace {

NormSpec head_norms(const NormSpec& like, const std::string& name, int64_t heads, int64_t size) {
  NormSpec norm = like;
  norm.name = name;
  norm.heads = heads;
  norm.size = size;
  return norm;
}

}  // namespace

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
    attention.q_norm = head_norms(like, attention.name + ".q_norm", attention.n_head, attention.head_dim);
    attention.k_norm = head_norms(like, attention.name + ".k_norm", attention.n_kv_head, attention.head_dim);
  }
  return spec;
}

}  // namespace llmbox
