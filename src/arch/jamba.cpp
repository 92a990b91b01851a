#include "arch/family.h"
#include "arch/shape/moe.h"

namespace llmbox {

namespace {

MambaSpec mixer(const ConfigReader& config, const LlamaShape& shape, const std::string& name, int64_t hidden) {
  const bool bias = config.flag("mamba_proj_bias", false);
  MambaSpec mamba;
  mamba.name = name;
  mamba.inner = config.integer("mamba_expand", 2) * hidden;
  mamba.state_size = config.integer("mamba_d_state", 16);
  const bool automatic = config.has("mamba_dt_rank") && config.at("mamba_dt_rank").is_string();
  mamba.step_rank = automatic ? (hidden + 15) / 16 : config.integer("mamba_dt_rank", (hidden + 15) / 16);
  mamba.conv_width = config.integer("mamba_d_conv", 4);
  mamba.conv_bias = config.flag("mamba_conv_bias", true);
  mamba.in = {.name = name + ".in_proj", .in = hidden, .out = 2 * mamba.inner, .has_bias = bias};
  mamba.x = {.name = name + ".x_proj", .in = mamba.inner, .out = mamba.step_rank + 2 * mamba.state_size};
  mamba.step = {.name = name + ".dt_proj", .in = mamba.step_rank, .out = mamba.inner, .has_bias = true};
  mamba.out = {.name = name + ".out_proj", .in = mamba.inner, .out = hidden, .has_bias = bias};
  mamba.step_norm = llama_norm(config, shape, name + ".dt_layernorm", mamba.step_rank);
  mamba.input_norm = llama_norm(config, shape, name + ".b_layernorm", mamba.state_size);
  mamba.output_norm = llama_norm(config, shape, name + ".c_layernorm", mamba.state_size);
  return mamba;
}

/// Layer i is of the kind that comes every `period` layers, from `offset` on.
bool comes_up(const ConfigReader& config, int64_t layer, const char* kind, int64_t period, int64_t offset) {
  const std::string key = kind;
  return layer % config.integer(key + "_period", period) == config.count(key + "_offset", offset);
}

}  // namespace

/// Mamba layers, every eighth one attention without positions, every second feed-forward a mixture of experts.
ModelSpec parse_jamba(const ConfigReader& config) {
  LlamaShape shape;
  ModelSpec spec = llama_spec(config, shape);
  spec.final_norm->name = "model.final_layernorm";
  spec.ropes.clear();
  for (int64_t i = 0; i < spec.n_layer(); ++i) {
    const std::string name = "model.layers." + std::to_string(i);
    LayerSpec& layer = spec.layers[static_cast<size_t>(i)];
    layer.before_ffn->name = name + ".pre_ff_layernorm";
    layer.attention.rope = -1;
    if (!comes_up(config, i, "attn_layer", 8, 4)) {
      layer.attention = {};
      layer.mamba = mixer(config, shape, name + ".mamba", spec.hidden_size);
    }
    const int64_t inner = config.integer("intermediate_size"), n_expert = config.integer("num_experts", 16);
    layer.ffn = llama_ffn(config, shape, name + ".feed_forward", inner);
    if (n_expert > 1 && comes_up(config, i, "expert_layer", 2, 1))
      layer.moe = moe_spec(config, shape, {.layer = name + ".feed_forward", .router = "router"}, n_expert, inner);
  }
  return spec;
}

}  // namespace llmbox
