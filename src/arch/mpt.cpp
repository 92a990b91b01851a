#include "arch/family.h"
#include "arch/shape/alibi.h"
#include "arch/shape/gpt.h"
#include "core/error.h"

namespace llmbox {

namespace {

const Json& empty_object() {
  static const Json empty = Json::object();
  return empty;
}

}  // namespace

ModelSpec parse_mpt(const ConfigReader& config) {
  const bool has_fields = config.has("attn_config");
  const ConfigReader attention =
      has_fields ? config.child("attn_config") : ConfigReader(empty_object(), config.where());
  if (attention.flag("qk_ln", false) || attention.flag("prefix_lm", false))
    fail(attention.where(), "expected qk_ln and prefix_lm to be false, as transformers has it; try another MPT");
  GptShape shape;
  shape.names = {.embedding = "transformer.wte",
                 .layers = "transformer.blocks.",
                 .before_attention = "norm_1",
                 .before_ffn = "norm_2",
                 .attention = "attn",
                 .qkv = {"Wqkv"},
                 .out = "out_proj",
                 .up = "ffn.up_proj",
                 .down = "ffn.down_proj",
                 .final_norm = "transformer.norm_f",
                 .head = "lm_head"};
  shape.hidden = config.integer("d_model");
  shape.inner = config.integer("expansion_ratio", 4) * shape.hidden;
  shape.n_layer = config.integer("n_layers");
  shape.n_head = shape.n_kv_head = config.integer("n_heads");
  shape.vocab = config.integer("vocab_size");
  shape.max_positions = config.integer("max_seq_len", 2048);
  shape.eps = config.number("layer_norm_epsilon", 1e-5);
  shape.activation = Activation::gelu;
  shape.norm_bias = shape.qkv_bias = shape.out_bias = shape.mlp_bias = !config.flag("no_bias", true);
  ModelSpec spec = gpt_spec(config, shape);
  spec.logit_scale = config.number("logit_scale", 1);
  const bool alibi = attention.flag("alibi", true);
  if (!alibi && config.flag("learned_pos_emb", true))
    spec.positions = EmbeddingSpec{"transformer.wpe", shape.max_positions, shape.hidden};
  for (LayerSpec& layer : spec.layers) {
    layer.attention.clip = attention.number("clip_qkv", 0);
    layer.attention.scale = attention.number("softmax_scale", layer.attention.scale);
    if (alibi) layer.attention.slopes = alibi_slopes_from_above(shape.n_head, attention.number("alibi_bias_max", 8));
  }
  return spec;
}

}  // namespace llmbox
