#include <algorithm>

#include "arch/family.h"
#include "arch/shape/llama.h"
#include "arch/shape/mamba2.h"

namespace llmbox {

namespace {

Mamba2Spec mamba_spec(const ConfigReader& config, const std::string& name, int64_t hidden) {
  const int64_t channels = config.integer("mamba_d_ssm", config.integer("mamba_expand", 2) * hidden);
  Mamba2Spec mamba = mamba2_spec(config, name, channels);
  mamba.out.has_bias = config.flag("projectors_bias", false);
  if (config.flag("mamba_rms_norm", false)) mamba.norm = mamba2_norm(config, mamba);
  mamba.norm_before_gate = config.flag("mamba_norm_before_gate", true);
  std::ranges::copy(config.numbers("ssm_multipliers", mamba.scales.size(), 1), mamba.scales.begin());
  return mamba;
}

}  // namespace

/// Attention and Mamba 2 side by side in every layer, with constants on what goes in and out of everything.
ModelSpec parse_falcon_h1(const ConfigReader& config) {
  LlamaShape shape;
  shape.qkv_bias = shape.out_bias = config.flag("attention_bias", false);
  shape.mlp_bias = config.flag("mlp_bias", false);
  shape.eps = 1e-5;
  ModelSpec spec = llama_spec(config, shape);
  spec.final_norm->name = "model.final_layernorm";
  spec.embedding_scale = config.number("embedding_multiplier", 1);
  spec.logit_scale = config.number("lm_head_multiplier", 1);
  const std::vector<double> ffn_scales = config.numbers("mlp_multipliers", 2, 1);
  for (size_t i = 0; i < spec.layers.size(); ++i) {
    const std::string name = "model.layers." + std::to_string(i);
    LayerSpec& layer = spec.layers[i];
    layer.before_ffn->name = name + ".pre_ff_layernorm";
    layer.ffn = llama_ffn(config, shape, name + ".feed_forward", config.integer("intermediate_size"));
    layer.ffn.gate_scale = ffn_scales[0];
    layer.ffn.down_scale = ffn_scales[1];
    layer.mamba2 = mamba_spec(config, name + ".mamba", spec.hidden_size);
    layer.mamba2_scale = {config.number("ssm_in_multiplier", 1), config.number("ssm_out_multiplier", 1)};
    layer.attention_scale = {config.number("attention_in_multiplier", 1), config.number("attention_out_multiplier", 1)};
    layer.attention.scale *= config.number("key_multiplier", 1);  // on every key, so on every score
  }
  return spec;
}

}  // namespace llmbox
