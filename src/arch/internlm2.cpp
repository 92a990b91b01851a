#include "arch/family.h"
#include "arch/shape/llama.h"

namespace llmbox {

ModelSpec parse_internlm2(const ConfigReader& config) {
  LlamaShape shape;
  shape.qkv_bias = shape.out_bias = config.flag("bias", false);
  ModelSpec spec = llama_spec(config, shape);
  spec.embedding.name = "model.tok_embeddings";
  spec.head.name = "output";
  for (size_t i = 0; i < spec.layers.size(); ++i) {
    const std::string name = "model.layers." + std::to_string(i);
    LayerSpec& layer = spec.layers[i];
    layer.before_attention->name = name + ".attention_norm";
    layer.before_ffn->name = name + ".ffn_norm";
    layer.attention.name = name + ".attention";
    fuse_qkv(layer.attention, name + ".attention.wqkv");
    layer.attention.layout = QkvLayout::grouped;
    layer.attention.out.name = name + ".attention.wo";
    layer.ffn.gate->name = name + ".feed_forward.w1";
    layer.ffn.up.name = name + ".feed_forward.w3";
    layer.ffn.down.name = name + ".feed_forward.w2";
  }
  return spec;
}

}  // namespace llmbox
