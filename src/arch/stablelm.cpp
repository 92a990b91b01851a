#include "arch/family.h"
#include "arch/shape/llama.h"

namespace llmbox {

namespace {

/// stablelm-2-12b: a layer norm without bias for each head, each a tensor of its own.
NormSpec head_norms(const ConfigReader& config, const std::string& name, int64_t heads, int64_t size) {
  return {.name = name,
          .kind = NormKind::layer,
          .size = size,
          .eps = config.number("layer_norm_eps", 1e-5),
          .heads = heads,
          .split_heads = true};
}

}  // namespace

ModelSpec parse_stablelm(const ConfigReader& config) {
  LlamaShape shape;
  shape.qkv_bias = config.flag("use_qkv_bias", false);
  shape.norm_kind = NormKind::layer;
  shape.norm_bias = true;
  shape.eps_key = "layer_norm_eps";
  shape.eps = 1e-5;
  shape.rope.part = config.number("rope_pct", 0.25);
  ModelSpec spec = llama_spec(config, shape);
  for (LayerSpec& layer : spec.layers) {
    AttentionSpec& attention = layer.attention;
    if (config.flag("qk_layernorm", false)) {
      attention.q_norm = head_norms(config, attention.name + ".q_layernorm", attention.n_head, attention.head_dim);
      attention.k_norm = head_norms(config, attention.name + ".k_layernorm", attention.n_kv_head, attention.head_dim);
    }
    if (config.flag("use_parallel_residual", false)) {
      layer.residual = Residual::parallel;
      layer.before_ffn.reset();
    }
  }
  return spec;
}

}  // namespace llmbox
