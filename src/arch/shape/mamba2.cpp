#include "arch/shape/mamba2.h"

#include "core/error.h"

namespace llmbox {

namespace {

/// time_step_limit is a pair; an upper end that is no number stands for infinity, which JSON lacks.
void read_step_limits(const ConfigReader& config, Mamba2Spec& mamba) {
  if (!config.has("time_step_limit")) return;
  const Json& limits = config.at("time_step_limit");
  if (!limits.is_array() || limits.size() != 2 || !limits[0].is_number())
    fail(config.where(), "expected two numbers for 'time_step_limit', got {}", limits.dump());
  mamba.step_low = limits[0].get<double>();
  if (limits[1].is_number()) mamba.step_high = limits[1].get<double>();
}

}  // namespace

Mamba2Spec mamba2_spec(const ConfigReader& config, const std::string& name, int64_t channels) {
  const int64_t hidden = config.integer("hidden_size");
  const bool bias = config.flag("mamba_proj_bias", false);
  Mamba2Spec mamba;
  mamba.name = name;
  mamba.n_head = config.integer("mamba_n_heads", 128);
  const bool automatic = config.has("mamba_d_head") && config.at("mamba_d_head").is_string();
  const int64_t even_share = channels / mamba.n_head;
  mamba.head_dim = automatic ? even_share : config.integer("mamba_d_head", std::max<int64_t>(1, even_share));
  mamba.n_group = config.integer("mamba_n_groups", 1);
  mamba.state_size = config.integer("mamba_d_state", 256);
  mamba.conv_width = config.integer("mamba_d_conv", 4);
  mamba.conv_bias = config.flag("mamba_conv_bias", true);
  if (mamba.channels() != channels || mamba.n_head % mamba.n_group != 0)
    fail(config.where(), "expected mamba_n_heads · mamba_d_head to be {} and groups of heads, got {} · {} in {} groups",
         channels, mamba.n_head, mamba.head_dim, mamba.n_group);
  const int64_t out = 2 * channels + 2 * mamba.n_group * mamba.state_size + mamba.n_head;
  mamba.in = {.name = name + ".in_proj", .in = hidden, .out = out, .has_bias = bias};
  mamba.out = {.name = name + ".out_proj", .in = channels, .out = hidden, .has_bias = bias};
  read_step_limits(config, mamba);
  return mamba;
}

NormSpec mamba2_norm(const ConfigReader& config, const Mamba2Spec& mamba) {
  return {.name = mamba.name + ".norm",
          .size = mamba.channels(),
          .eps = config.number("rms_norm_eps", 1e-5),
          .groups = mamba.n_group};
}

}  // namespace llmbox
