// The metadata of a GGUF file from a ModelSpec: what llama.cpp needs to build the same model.
#include <cmath>
#include <limits>

#include "arch/spec.h"
#include "model/gguf/config.h"

namespace llmbox {

namespace {

/// Adds the keys of one architecture; numbers that are 0 say nothing and are left out by the *_given forms.
class Metadata {
 public:
  explicit Metadata(const GgufFamily& family) : prefix_(std::string(family.architecture) + ".") {}

  void add(const std::string& key, GgufValue value) { entries_.emplace_back(prefix_ + key, std::move(value)); }
  void count(const std::string& key, int64_t value) { add(key, static_cast<uint32_t>(value)); }
  void number(const std::string& key, double value) { add(key, static_cast<float>(value)); }
  void count_given(const std::string& key, int64_t value) {
    if (value > 0) count(key, value);
  }
  void number_given(const std::string& key, double value, double nothing) {
    if (value != nothing) number(key, value);
  }
  GgufEntries take() { return std::move(entries_); }

 private:
  std::string prefix_;
  GgufEntries entries_;
};

const LayerSpec* find_layer(const ModelSpec& spec, bool (*fits)(const LayerSpec&)) {
  for (const LayerSpec& layer : spec.layers)
    if (fits(layer)) return &layer;
  return nullptr;
}

void add_windows(Metadata& metadata, const ModelSpec& spec) {
  std::vector<bool> slides;
  int64_t window = 0;
  for (const LayerSpec& layer : spec.layers) {
    slides.push_back(layer.attention.window > 0);
    window = std::max(window, layer.attention.window);
  }
  if (window == 0) return;
  metadata.count("attention.sliding_window", window);
  if (std::find(slides.begin(), slides.end(), false) != slides.end())
    metadata.add("attention.sliding_window_pattern", slides);
}

void add_latent(Metadata& metadata, const AttentionSpec& attention, const GgufFamily& family) {
  const LatentSpec& latent = *attention.latent;
  const int64_t rank = latent.kv_up.in, key = latent.nope_dim + latent.rope_dim;
  if (latent.q_down) metadata.count("attention.q_lora_rank", latent.q_down->out);
  metadata.count("attention.kv_lora_rank", rank);
  if (family.splits_latent) {
    metadata.count("attention.head_count_kv", 1);
    metadata.count("attention.key_length", rank + latent.rope_dim);
    metadata.count("attention.value_length", rank);
    metadata.count("attention.key_length_mla", key);
    metadata.count("attention.value_length_mla", attention.value_dim());
  } else {
    metadata.count("attention.head_count_kv", attention.n_head);
    metadata.count("attention.key_length", key);
    metadata.count("attention.value_length", attention.value_dim());
  }
}

void add_attention(Metadata& metadata, const ModelSpec& spec, const GgufFamily& family) {
  const LayerSpec* layer = find_layer(spec, [](const LayerSpec& l) { return l.attention.n_head > 0; });
  if (!layer) {
    metadata.count("attention.head_count", 0);
    return;
  }
  const AttentionSpec& attention = layer->attention;
  metadata.count("attention.head_count", attention.n_head);
  if (attention.latent) {
    add_latent(metadata, attention, family);
  } else {
    if (family.lists_key_heads) {
      std::vector<int32_t> heads;
      for (const LayerSpec& each : spec.layers) heads.push_back(static_cast<int32_t>(each.attention.n_kv_head));
      metadata.add("attention.head_count_kv", heads);
    } else {
      metadata.count("attention.head_count_kv", attention.n_kv_head);
    }
    metadata.count("attention.key_length", attention.head_dim);
    metadata.count("attention.value_length", attention.head_dim);
  }
  const double usual = 1 / std::sqrt(static_cast<double>(attention.head_dim));
  if (!attention.latent && !family.folds_scales && std::abs(attention.scale - usual) > 1e-7)
    metadata.number("attention.scale", attention.scale);
  metadata.number_given("attention.clamp_kqv", attention.clip, 0);
  if (!attention.slopes.empty()) metadata.number("attention.max_alibi_bias", 8);
  metadata.number_given("attn_logit_softcapping", attention.softcap, 0);
  add_windows(metadata, spec);
}

/// Every n-th layer has experts.
int64_t step_of_mixtures(const ModelSpec& spec) {
  std::vector<int64_t> layers;
  for (int64_t i = 0; i < spec.n_layer(); ++i)
    if (spec.layers[static_cast<size_t>(i)].moe) layers.push_back(i);
  return layers.size() > 1 ? layers[1] - layers[0] : layers.at(0) + 1;
}

void add_experts(Metadata& metadata, const ModelSpec& spec) {
  const LayerSpec* layer = find_layer(spec, [](const LayerSpec& l) { return l.moe.has_value(); });
  if (!layer) return;
  const MoeSpec& moe = *layer->moe;
  const int64_t inner = moe.fused ? moe.fused->inner : moe.experts.at(0).up.out;
  metadata.count("expert_count", moe.n_expert);
  metadata.count("expert_used_count", moe.router.n_chosen);
  metadata.count("expert_feed_forward_length", inner);
  if (moe.shared) {
    metadata.count("expert_shared_count", std::max<int64_t>(1, moe.shared->up.out / inner));
    metadata.count("expert_shared_feed_forward_length", moe.shared->up.out);
  }
  int64_t dense = 0;
  while (!spec.layers[static_cast<size_t>(dense)].moe) ++dense;
  metadata.count_given("leading_dense_block_count", dense);
  metadata.count("expert_group_count", moe.router.n_group);
  metadata.count("expert_group_used_count", moe.router.n_group_kept);
  metadata.number("expert_weights_scale", moe.router.scale);
  metadata.add("expert_weights_norm", moe.router.renormalise);
  // llama_expert_gating_func_type: softmax, sigmoid, softmax over the chosen ones.
  const bool chosen = moe.router.score == RouterScore::softmax_of_chosen;
  metadata.count("expert_gating_func", moe.router.score == RouterScore::sigmoid ? 2 : chosen ? 3 : 1);
  metadata.count("interleave_moe_layer_step", step_of_mixtures(spec));
}

/// llama.cpp's yarn multiplies cos and sin by its own factor; 0.1 · mscale_all_dim undoes DeepSeek's.
void add_yarn(Metadata& metadata, const RopeSpec& rope, const Json& config) {
  metadata.number("rope.scaling.yarn_beta_fast", rope.beta_fast);
  metadata.number("rope.scaling.yarn_beta_slow", rope.beta_slow);
  for (const char* key : {"rope_scaling", "rope_parameters"})
    if (config.contains(key) && config[key].is_object() && config[key].contains("mscale_all_dim") &&
        config[key]["mscale_all_dim"].is_number())
      metadata.number("rope.scaling.yarn_log_multiplier", 0.1 * config[key]["mscale_all_dim"].get<double>());
}

void add_rope(Metadata& metadata, const ModelSpec& spec, const Json& config) {
  if (spec.ropes.empty()) return;
  const RopeSpec& rope = spec.ropes[0];
  metadata.count("rope.dimension_count", rope.dim);
  metadata.number("rope.freq_base", rope.theta);
  if (spec.ropes.size() > 1) metadata.number("rope.freq_base_swa", spec.ropes[1].theta);
  if (rope.scaling == RopeScaling::longrope) {
    metadata.count("rope.scaling.original_context_length", rope.original_length);
    metadata.number("rope.scaling.attn_factor", rope.attention_factor);
  }
  if (rope.scaling == RopeScaling::linear || rope.scaling == RopeScaling::yarn) {
    metadata.add("rope.scaling.type", std::string(rope.scaling == RopeScaling::linear ? "linear" : "yarn"));
    metadata.number("rope.scaling.factor", rope.factor);
    metadata.count_given("rope.scaling.original_context_length", rope.original_length);
    if (rope.scaling == RopeScaling::yarn) add_yarn(metadata, rope, config);
  }
}

void add_mamba(Metadata& metadata, const MambaSpec& mamba) {
  metadata.count("ssm.conv_kernel", mamba.conv_width);
  metadata.count("ssm.inner_size", mamba.inner);
  metadata.count("ssm.state_size", mamba.state_size);
  metadata.count("ssm.time_step_rank", mamba.step_rank);
  metadata.add("ssm.dt_b_c_rms", false);
}

void add_mamba2(Metadata& metadata, const Mamba2Spec& mamba) {
  metadata.count("ssm.conv_kernel", mamba.conv_width);
  metadata.count("ssm.inner_size", mamba.channels());
  metadata.count("ssm.state_size", mamba.state_size);
  metadata.count("ssm.time_step_rank", mamba.n_head);
  metadata.count("ssm.group_count", mamba.n_group);
}

void add_delta(Metadata& metadata, const GatedDeltaSpec& delta) {
  metadata.count("ssm.conv_kernel", delta.conv_width);
  metadata.count("ssm.inner_size", delta.n_value_head * delta.value_dim);
  metadata.count("ssm.state_size", delta.key_dim);
  metadata.count("ssm.time_step_rank", delta.n_value_head);
  metadata.count("ssm.group_count", delta.n_key_head);
}

/// The second layer's: the first has one part less.
void add_rwkv(Metadata& metadata, const ModelSpec& spec) {
  const TimeMixSpec& mix = *spec.layers.back().time_mix;
  metadata.count("wkv.head_size", mix.head_dim);
  metadata.count_given("time_mix_extra_dim", mix.mix_rank);
  metadata.count_given("time_decay_extra_dim", mix.decay_rank);
  const char* kRanks[] = {"attention.decay_lora_rank", "attention.iclr_lora_rank",
                          "attention.value_residual_mix_lora_rank", "attention.gate_lora_rank"};
  for (size_t i = 0; i < mix.low_ranks.size(); ++i) {
    const bool skips = mix.is_first && i == 2;
    metadata.count(kRanks[skips ? 3 : i], mix.low_ranks[i].down.out);
  }
}

/// Of the first layer that has such a part: llama.cpp has one size for all.
void add_recurrent(Metadata& metadata, const ModelSpec& spec) {
  if (const auto* layer = find_layer(spec, [](const LayerSpec& l) { return l.mamba.has_value(); }))
    add_mamba(metadata, *layer->mamba);
  if (const auto* layer = find_layer(spec, [](const LayerSpec& l) { return l.mamba2.has_value(); }))
    add_mamba2(metadata, *layer->mamba2);
  if (!spec.layers.empty() && spec.layers[0].time_mix) add_rwkv(metadata, spec);
  if (const auto* layer = find_layer(spec, [](const LayerSpec& l) { return l.conv.has_value(); }))
    metadata.count("shortconv.l_cache", layer->conv->width);
  if (const auto* layer = find_layer(spec, [](const LayerSpec& l) { return l.delta.has_value(); })) {
    add_delta(metadata, *layer->delta);
    std::vector<bool> recurrent;
    for (const LayerSpec& each : spec.layers) recurrent.push_back(each.delta.has_value());
    metadata.add("attention.recurrent_layers", recurrent);
  }
}

/// How many deviations above the mean a share of a normal distribution ends; none of it: below everything.
float deviations_of(double share) {
  if (share <= 0) return -std::numeric_limits<float>::infinity();
  double low = -10, high = 10;
  for (int step = 0; step < 100; ++step) {
    const double middle = (low + high) / 2;
    (0.5 * std::erfc(-middle / std::sqrt(2.0)) < share ? low : high) = middle;
  }
  return static_cast<float>(low);
}

void add_streams(Metadata& metadata, const ModelSpec& spec) {
  if (spec.layers.empty() || !spec.layers[0].altup || !spec.layers[0].input) return;
  metadata.count("altup.active_idx", spec.layers[0].altup->active);
  metadata.count("altup.num_inputs", spec.layers[0].altup->n_stream);
  metadata.count("embedding_length_per_layer_input", spec.layers[0].input->gate.out);
  uint32_t shared = 0;
  std::vector<float> sparsity;
  for (const LayerSpec& layer : spec.layers) {
    shared += layer.attention.shared_with >= 0 ? 1 : 0;
    sparsity.push_back(deviations_of(layer.ffn.sparsity));
  }
  metadata.add("attention.shared_kv_layers", shared);
  metadata.add("activation_sparsity_scale", sparsity);
}

/// What a decoder behind an encoder has of its own.
void add_decoder(Metadata& metadata, const ModelSpec& spec, const Json& config) {
  metadata.count("decoder_block_count", spec.n_layer());
  if (const auto& relative = spec.layers.at(0).attention.relative)
    metadata.count("attention.relative_buckets_count", relative->n_bucket);
  const Json start = config.value("decoder_start_token_id", Json());
  metadata.count("decoder_start_token_id", start.is_number_unsigned() ? start.get<int64_t>() : 0);
}

int64_t feed_forward_length(const ModelSpec& spec) {
  if (!spec.layers.empty() && spec.layers[0].channel_mix) return spec.layers[0].channel_mix->key.out;
  const LayerSpec* dense = find_layer(spec, [](const LayerSpec& l) { return !l.moe && l.has_ffn(); });
  if (dense) return dense->ffn.down.in;
  const LayerSpec* sparse = find_layer(spec, [](const LayerSpec& l) { return l.moe.has_value(); });
  if (!sparse) return 0;
  return sparse->moe->fused ? sparse->moe->fused->inner : sparse->moe->experts.at(0).down.in;
}

/// llama.cpp has one epsilon for all norms.
void add_norm(Metadata& metadata, const ModelSpec& spec) {
  const auto& first = spec.layers.empty() ? std::nullopt : spec.layers[0].before_attention;
  const auto& norm = first ? first : spec.final_norm;
  if (!norm) return;
  if (norm->kind == NormKind::layer) metadata.number("attention.layer_norm_epsilon", norm->eps);
  metadata.number("attention.layer_norm_rms_epsilon", norm->eps);  // it asks for it of some with layer norms, too
}

}  // namespace

GgufEntries gguf_metadata(const Json& config, const ModelSpec& spec, const GgufFamily& family) {
  Metadata metadata(family);
  metadata.count("context_length", spec.max_positions > 0 ? spec.max_positions : 512);
  metadata.count("embedding_length", spec.hidden_size);
  const auto n_encoder = static_cast<int64_t>(spec.encoder.size());
  metadata.count("block_count", spec.has_encoder() ? n_encoder : spec.n_layer());
  if (spec.has_encoder()) add_decoder(metadata, spec, config);
  metadata.count("feed_forward_length", family.ffn_length_factor * feed_forward_length(spec));
  metadata.count("vocab_size", spec.vocab_size);
  add_attention(metadata, spec, family);
  add_experts(metadata, spec);
  add_rope(metadata, spec, config);
  add_recurrent(metadata, spec);
  add_streams(metadata, spec);
  add_norm(metadata, spec);
  metadata.add("use_parallel_residual", !spec.layers.empty() && spec.layers[0].residual == Residual::parallel);
  if (!family.folds_scales) metadata.number_given("embedding_scale", spec.embedding_scale, 1);
  if (!spec.layers.empty()) metadata.number_given("residual_scale", spec.layers[0].attention_residual.branch, 1);
  if ((spec.logit_scale != 1 && !family.folds_scales && !family.folds_logit_scale) ||
      family.divides_logits)  // llama.cpp insists on a divisor
    metadata.number("logit_scale", family.divides_logits ? 1 / spec.logit_scale : spec.logit_scale);
  metadata.number_given("final_logit_softcapping", spec.logit_softcap, 0);
  GgufEntries entries = {{"general.architecture", std::string(family.architecture)},
                         {"general.type", std::string("model")},
                         {"general.quantization_version", uint32_t{2}},
                         {kConfigKey, config.dump(-1, ' ', false, Json::error_handler_t::replace)}};
  const GgufEntries own = metadata.take();
  entries.insert(entries.end(), own.begin(), own.end());
  return entries;
}

}  // namespace llmbox
