#include "arch/family.h"
#include "arch/shape/gpt.h"
#include "arch/shape/rope.h"
#include "core/error.h"

namespace llmbox {

/// GPT-J with one product for q, k and v, cut in four as the training machines were.
ModelSpec parse_codegen(const ConfigReader& config) {
  ModelSpec spec = parse_gptj(config);
  for (LayerSpec& layer : spec.layers) {
    AttentionSpec& attention = layer.attention;
    if (attention.n_head % 4 != 0)
      fail(config.where(), "expected n_head to be a multiple of 4, got {}", attention.n_head);
    LinearSpec fused = attention.qkv[0];
    fused.name = attention.name + ".qkv_proj";
    fused.out *= 3;
    attention.qkv = {fused};
    attention.layout = QkvLayout::quarters;
  }
  spec.ignored = {".attn.causal_mask"};
  return spec;
}

}  // namespace llmbox
