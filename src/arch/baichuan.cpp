#include "arch/family.h"
#include "arch/shape/alibi.h"
#include "arch/shape/llama.h"

namespace llmbox {

namespace {

/// Baichuan 2 has a head whose rows are of length 1; its config is known by a training option or the vocabulary.
bool has_unit_head(const ConfigReader& config) {
  return config.has("z_loss_weight") || config.integer("vocab_size") == 125696;
}

}  // namespace

ModelSpec parse_baichuan(const ConfigReader& config) {
  ModelSpec spec = llama_spec(config, {});
  // The 13B models have ALiBi; their configs give a length for the tokenizer only.
  const bool alibi = !config.has("max_position_embeddings");
  if (alibi) spec.max_positions = config.integer("model_max_length", 4096);
  if (alibi) spec.ropes.clear();
  for (LayerSpec& layer : spec.layers) {
    fuse_qkv(layer.attention, layer.attention.name + ".W_pack");
    if (!alibi) continue;
    layer.attention.rope = -1;
    layer.attention.slopes = alibi_slopes(layer.attention.n_head);
  }
  spec.head.unit_rows = has_unit_head(config);
  return spec;
}

}  // namespace llmbox
