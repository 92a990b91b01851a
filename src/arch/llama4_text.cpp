#include <algorithm>

#include "arch/family.h"
#include "arch/shape/moe.h"

namespace llmbox {

namespace {

/// moe_layers lists them; else every interleave_moe_layer_step-th is one.
bool is_sparse(const ConfigReader& config, size_t layer) {
  if (!config.has("moe_layers"))
    return (layer + 1) % static_cast<size_t>(config.integer("interleave_moe_layer_step", 1)) == 0;
  const Json& list = config.at("moe_layers");
  return std::find(list.begin(), list.end(), Json(layer)) != list.end();
}

/// A sigmoid's weight goes on what an expert reads.
MoeSpec sparse_ffn(const ConfigReader& config, const LlamaShape& shape, const std::string& name) {
  MoeSpec moe;
  moe.n_expert = config.integer("num_local_experts", 16);
  check_expert_count(config, moe.n_expert);
  moe.router.gate = {.name = name + ".router", .in = config.integer("hidden_size"), .out = moe.n_expert};
  moe.router.score = RouterScore::sigmoid;
  moe.router.n_chosen = config.integer("num_experts_per_tok", 1);
  moe.weigh_input = true;
  const int64_t inner = config.integer("intermediate_size");
  moe.fused = FusedExpertsSpec{.gate_up = name + ".experts.gate_up_proj",
                               .down = name + ".experts.down_proj",
                               .inner = inner,
                               .transposed = true};
  moe.shared = llama_ffn(config, shape, name + ".shared_expert", inner);
  check_moe(config, moe);
  return moe;
}

}  // namespace

/// Layers that rotate see their chunk and norm q and k; the others see everything, sharper with distance.
ModelSpec parse_llama4_text(const ConfigReader& config) {
  LlamaShape shape;
  shape.eps = 1e-5;
  shape.qkv_bias = shape.out_bias = config.flag("attention_bias", false);
  shape.default_head_dim = 128;
  shape.rope.theta = 500000;
  ModelSpec spec = llama_spec(config, shape);
  spec.ropes[0].interleaved = true;
  for (size_t i = 0; i < spec.layers.size(); ++i) {
    LayerSpec& layer = spec.layers[i];
    AttentionSpec& attention = layer.attention;
    if (rotates(config, i)) {
      attention.window = config.count("attention_chunk_size", 8192);
      attention.chunked = true;
      attention.norm_after_rope = true;
      if (config.flag("use_qk_norm", true)) {
        attention.q_norm = llama_norm(config, shape, attention.name + ".qk_norm", attention.head_dim);
        attention.q_norm->has_weight = false;
        attention.k_norm = attention.q_norm;
      }
    } else {
      attention.rope = -1;
      attention.temperature = config.flag("attn_temperature_tuning", true) ? config.number("attn_scale", 0.1) : 0;
      attention.temperature_span = config.integer("floor_scale", 8192);
    }
    const std::string name = "model.layers." + std::to_string(i) + ".feed_forward";
    if (is_sparse(config, i)) {
      layer.moe = sparse_ffn(config, shape, name);
    } else {
      layer.ffn = llama_ffn(config, shape, name, config.integer("intermediate_size_mlp", 16384));
    }
  }
  return spec;
}

}  // namespace llmbox
