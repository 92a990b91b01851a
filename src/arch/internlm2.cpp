#include "arch/family.h"
#include "arch/shape/llama.h"

namespace llmbox {

ModelSpec parse_internlm2(const ConfigReader& config) {
  LlamaShape shape;
  shape.qkv_bias = shape.out_bias = config.flag("bias", false);
  ModelSpec spec = llama_spec(config, shape);
  spec.head.name = "output";
  rename_llama(spec, {.embedding = "model.tok_embeddings",
                      .before_attention = "attention_norm",
                      .before_ffn = "ffn_norm",
                      .attention = "attention",
                      .qkv = {"wqkv"},
                      .out = "wo",
                      .gate = "feed_forward.w1",
                      .up = "feed_forward.w3",
                      .down = "feed_forward.w2"});
  for (LayerSpec& layer : spec.layers) layer.attention.layout = QkvLayout::grouped;
  return spec;
}

}  // namespace llmbox
