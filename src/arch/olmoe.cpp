#include "arch/family.h"
#include "arch/shape/moe.h"

namespace llmbox {

ModelSpec parse_olmoe(const ConfigReader& config) {
  LlamaShape shape;
  shape.eps = 1e-5;
  shape.qkv_bias = shape.out_bias = config.flag("attention_bias", false);
  ModelSpec spec = llama_spec(config, shape);
  for (size_t i = 0; i < spec.layers.size(); ++i) {
    LayerSpec& layer = spec.layers[i];
    AttentionSpec& attention = layer.attention;
    attention.q_norm = llama_norm(config, shape, attention.name + ".q_norm", attention.qkv[0].out);
    attention.k_norm = llama_norm(config, shape, attention.name + ".k_norm", attention.qkv[1].out);
    attention.clip = config.number("clip_qkv", 0);
    layer.moe = moe_spec(config, shape, {.layer = "model.layers." + std::to_string(i) + ".mlp"},
                         config.integer("num_experts"), config.integer("intermediate_size"));
    layer.moe->router.renormalise = config.flag("norm_topk_prob", false);
  }
  return spec;
}

}  // namespace llmbox
