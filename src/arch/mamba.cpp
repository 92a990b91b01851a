#include "arch/family.h"
#include "core/error.h"

namespace llmbox {

namespace {

NormSpec mamba_norm(const ConfigReader& config, const std::string& name, int64_t hidden) {
  return {.name = name, .size = hidden, .eps = config.number("layer_norm_epsilon", 1e-5)};
}

/// "auto" is a sixteenth of the hidden size, rounded up.
int64_t step_rank(const ConfigReader& config, int64_t hidden) {
  if (config.has("time_step_rank") && config.at("time_step_rank").is_string()) return (hidden + 15) / 16;
  return config.integer("time_step_rank", (hidden + 15) / 16);
}

MambaSpec mixer(const ConfigReader& config, const std::string& name, int64_t hidden) {
  const bool bias = config.flag("use_bias", false);
  MambaSpec mamba;
  mamba.name = name;
  mamba.inner = config.integer("intermediate_size", config.integer("expand", 2) * hidden);
  mamba.state_size = config.integer("state_size", 16);
  mamba.step_rank = step_rank(config, hidden);
  mamba.conv_width = config.integer("conv_kernel", 4);
  mamba.conv_bias = config.flag("use_conv_bias", true);
  mamba.in = {.name = name + ".in_proj", .in = hidden, .out = 2 * mamba.inner, .has_bias = bias};
  mamba.x = {.name = name + ".x_proj", .in = mamba.inner, .out = mamba.step_rank + 2 * mamba.state_size};
  mamba.step = {.name = name + ".dt_proj", .in = mamba.step_rank, .out = mamba.inner, .has_bias = true};
  mamba.out = {.name = name + ".out_proj", .in = mamba.inner, .out = hidden, .has_bias = bias};
  return mamba;
}

}  // namespace

ModelSpec parse_mamba(const ConfigReader& config) {
  if (config.text("hidden_act", "silu") != "silu")
    fail(config.where(), "expected 'silu' for 'hidden_act', got '{}'", config.text("hidden_act", ""));
  ModelSpec spec;
  spec.base_prefix = "backbone.";
  spec.hidden_size = config.integer("hidden_size");
  spec.vocab_size = config.integer("vocab_size");
  spec.initializer_range = config.number("initializer_range", 0.1);
  spec.embedding = {"backbone.embeddings", spec.vocab_size, spec.hidden_size};
  const int64_t n_layer =
      config.has("num_hidden_layers") ? config.integer("num_hidden_layers") : config.integer("n_layer");
  check_layer_count(config, n_layer);
  for (int64_t i = 0; i < n_layer; ++i) {
    const std::string name = "backbone.layers." + std::to_string(i);
    LayerSpec layer;
    layer.before_attention = mamba_norm(config, name + ".norm", spec.hidden_size);
    layer.mamba = mixer(config, name + ".mixer", spec.hidden_size);
    spec.layers.push_back(std::move(layer));
  }
  spec.final_norm = mamba_norm(config, "backbone.norm_f", spec.hidden_size);
  spec.tied_head = config.flag("tie_word_embeddings", true);
  spec.head = {.name = "lm_head", .in = spec.hidden_size, .out = spec.vocab_size};
  return spec;
}

}  // namespace llmbox
