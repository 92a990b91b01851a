#include "arch/spec.h"

#include <algorithm>
#include <limits>

namespace llmbox {

namespace {

class Table {
 public:
  void add(const EmbeddingSpec& spec) { rows_.push_back({spec.name + ".weight", {spec.rows, spec.size}}); }

  void add(const LinearSpec& spec) {
    const auto [rows, columns] = spec.transposed ? std::pair(spec.in, spec.out) : std::pair(spec.out, spec.in);
    rows_.push_back({.name = spec.name + ".weight",
                     .shape = {rows, columns},
                     .unit_rows = spec.unit_rows,
                     .transposed = spec.transposed});
    if (spec.has_bias) add_bias(spec);
  }

  void add_bias(const LinearSpec& spec) { rows_.push_back({spec.name + ".bias", {spec.out}, ParameterInit::zero}); }

  void add(const std::optional<NormSpec>& spec) {
    if (!spec || !spec->has_weight) return;
    // Where the file holds w - 1, a weight of one is stored as zero.
    const auto init = spec->weight_offset == 0 ? ParameterInit::one : ParameterInit::zero;
    for (int64_t head = 0; spec->split_heads && head < spec->heads; ++head)
      rows_.push_back({spec->name + ".norms." + std::to_string(head) + ".weight", {spec->size}, init});
    const auto shape = spec->heads > 0 ? std::vector<int64_t>{spec->heads, spec->size} : std::vector{spec->size};
    if (!spec->split_heads) rows_.push_back({spec->name + ".weight", shape, init});
    if (spec->has_bias) rows_.push_back({spec->name + ".bias", {spec->size}, ParameterInit::zero});
  }

  void add(const AttentionSpec& attention) {
    if (attention.latent) add(*attention.latent);
    for (const LinearSpec& linear : attention.qkv) add(linear);
    add(attention.q_norm);
    add(attention.k_norm);
    add(attention.v_norm);
    if (attention.relative && attention.relative->name.starts_with(attention.name))
      rows_.push_back({attention.relative->name + ".weight", {attention.relative->n_bucket, attention.n_head}});
    if (attention.has_sinks) rows_.push_back({attention.name + ".sinks", {attention.n_head}});
    add(attention.out);
  }

  void add(const LatentSpec& latent) {
    if (latent.q_down) add(*latent.q_down);
    add(latent.q_norm);
    add(latent.q_up);
    add(latent.kv_down);
    add(std::optional(latent.kv_norm));
    add(latent.kv_up);
  }

  void add(const GatedDeltaSpec& delta) {
    rows_.push_back({delta.name + ".dt_bias", {delta.n_value_head}, ParameterInit::one});
    rows_.push_back({delta.name + ".A_log", {delta.n_value_head}, ParameterInit::zero});
    const int64_t channels = 2 * delta.n_key_head * delta.key_dim + delta.n_value_head * delta.value_dim;
    rows_.push_back({delta.name + ".conv1d.weight", {channels, 1, delta.conv_width}});
    add(delta.qkvz);
    add(delta.ba);
    add(std::optional(delta.norm));
    add(delta.out);
  }

  void add(const MambaSpec& mamba) {
    rows_.push_back({mamba.name + ".A_log", {mamba.inner, mamba.state_size}, ParameterInit::zero});
    rows_.push_back({mamba.name + ".D", {mamba.inner}, ParameterInit::one});
    rows_.push_back({mamba.name + ".conv1d.weight", {mamba.inner, 1, mamba.conv_width}});
    if (mamba.conv_bias) rows_.push_back({mamba.name + ".conv1d.bias", {mamba.inner}, ParameterInit::zero});
    add(mamba.in);
    add(mamba.x);
    add(mamba.step);
    for (const auto* norm : {&mamba.step_norm, &mamba.input_norm, &mamba.output_norm}) add(*norm);
    add(mamba.out);
  }

  void add(const Mamba2Spec& mamba) {
    const int64_t conv = mamba.channels() + 2 * mamba.n_group * mamba.state_size;
    rows_.push_back({mamba.name + ".A_log", {mamba.n_head}, ParameterInit::zero});
    rows_.push_back({mamba.name + ".D", {mamba.n_head}, ParameterInit::one});
    rows_.push_back({mamba.name + ".dt_bias", {mamba.n_head}, ParameterInit::one});
    rows_.push_back({mamba.name + ".conv1d.weight", {conv, 1, mamba.conv_width}});
    if (mamba.conv_bias) rows_.push_back({mamba.name + ".conv1d.bias", {conv}, ParameterInit::zero});
    add(mamba.in);
    add(mamba.norm);
    add(mamba.out);
  }

  void add(const LightningSpec& lightning) {
    add(lightning.qkv);
    add(std::optional(lightning.norm));
    add(lightning.gate);
    add(lightning.out);
  }

  void add(const TimeMixSpec& mix) {
    for (ParameterSpec& tensor : own_tensors(mix)) rows_.push_back(std::move(tensor));
    for (const auto& low_rank : mix.low_ranks) {
      add(low_rank.down);
      add(low_rank.up);
    }
    for (const auto* linear : {&mix.receptance, &mix.key, &mix.value}) add(*linear);
    if (mix.gate) add(*mix.gate);
    add(mix.norm);
    add(mix.out);
  }

  void add(const ChannelMixSpec& mix) {
    for (ParameterSpec& tensor : own_tensors(mix)) rows_.push_back(std::move(tensor));
    add(mix.key);
    if (mix.receptance) add(*mix.receptance);
    add(mix.value);
  }

  void add(const AltUpSpec& altup) {
    if (altup.scale_active)
      rows_.push_back({altup.name + ".correct_output_scale", {altup.router.in}, ParameterInit::zero});
    add(std::optional(altup.router_norm));
    for (const auto* linear : {&altup.router, &altup.predict, &altup.correct}) add(*linear);
  }

  void add(const LaurelSpec& laurel) {
    add(laurel.left);
    add(laurel.right);
    add(std::optional(laurel.norm));
  }

  void add(const LayerInputSpec& input) {
    add(input.gate);
    add(input.project);
    add(std::optional(input.norm));
  }

  void add(const FfnSpec& ffn) {
    if (ffn.gate) add(*ffn.gate);
    add(ffn.up);
    add(ffn.down);
  }

  void add(const FusedExpertsSpec& fused, int64_t n_expert, int64_t hidden) {
    const auto tensor = [&](const std::string& name, int64_t in, int64_t out) {
      const auto [rows, columns] = fused.transposed ? std::pair(in, out) : std::pair(out, in);
      rows_.push_back({name, {n_expert, rows, columns}});
      if (fused.has_bias) rows_.push_back({name + "_bias", {n_expert, out}, ParameterInit::zero});
    };
    tensor(fused.gate_up, hidden, 2 * fused.inner);
    tensor(fused.down, fused.inner, hidden);
  }

  void add(const ShortConvSpec& conv) {
    rows_.push_back({conv.name + ".conv.weight", {conv.out.in, 1, conv.width}});
    if (conv.has_bias) rows_.push_back({conv.name + ".conv.bias", {conv.out.in}, ParameterInit::zero});
    add(conv.in);
    add(conv.out);
  }

  void add(const MoeSpec& moe) {
    add(moe.router.gate);
    if (!moe.router.correction.empty())
      rows_.push_back({.name = moe.router.correction,
                       .shape = moe.router.correction_is_row ? std::vector<int64_t>{1, moe.n_expert}
                                                             : std::vector<int64_t>{moe.n_expert},
                       .init = ParameterInit::zero,
                       .is_buffer = true});
    for (const FfnSpec& expert : moe.experts) add(expert);
    if (moe.fused) add(*moe.fused, moe.n_expert, moe.router.gate.in);
    if (moe.shared) add(*moe.shared);
    if (moe.shared_gate) add(*moe.shared_gate);
  }

  /// Whatever of this the layer has.
  template <class Spec>
  void add_some(const std::optional<Spec>& spec) {
    if (spec) add(*spec);
  }

  void add(const LayerSpec& layer) {
    add_some(layer.altup);
    add(layer.before_attention);
    add_some(layer.laurel);
    add_some(layer.delta);
    add_some(layer.mamba);
    add_some(layer.conv);
    add_some(layer.mamba2);
    add_some(layer.lightning);
    add_some(layer.time_mix);
    if (layer.attention.n_head > 0) add(layer.attention);
    add(layer.after_attention);
    add(layer.before_second);
    add_some(layer.cross);
    add_some(layer.channel_mix);
    add(layer.before_ffn);
    if (layer.moe) {
      add(*layer.moe);
    } else if (layer.has_ffn()) {
      add(layer.ffn);
    }
    add(layer.after_ffn);
    add_some(layer.input);
  }

  void add(const LayerInputsSpec& inputs) {
    add(inputs.table);
    add(inputs.project);
    add(std::optional(inputs.norm));
  }

  void add(const std::vector<LinearSpec>& linears) {
    for (const LinearSpec& linear : linears) add(linear);
  }

  std::vector<ParameterSpec> take() { return std::move(rows_); }

 private:
  std::vector<ParameterSpec> rows_;
};

}  // namespace

bool ModelSpec::is_recurrent() const {
  return prefix ||
         std::any_of(layers.begin(), layers.end(), [](const LayerSpec& layer) { return layer.is_recurrent(); });
}

bool ModelSpec::has_shared_parts() const {
  return layer_inputs || std::any_of(layers.begin(), layers.end(), [](const LayerSpec& layer) {
           return layer.attention.shared_with >= 0 || (layer.time_mix && layer.time_mix->version == 7);
         });
}

std::vector<ParameterSpec> own_tensors(const TimeMixSpec& spec) {
  const int64_t hidden = spec.key.in, channels = spec.channels();
  const std::vector<int64_t> row{1, 1, hidden}, heads{spec.n_head, spec.head_dim};
  std::vector<ParameterSpec> tensors;
  const auto add = [&](const char* name, const std::vector<int64_t>& shape) {
    tensors.push_back({.name = spec.name + "." + name, .shape = shape});
  };
  if (spec.version == 4) {
    for (const char* name : {"time_decay", "time_first"}) add(name, {channels});
    for (const char* name : {"time_mix_key", "time_mix_value", "time_mix_receptance"}) add(name, row);
  } else if (spec.version == 5) {
    for (const char* name : {"time_decay", "time_faaaa"}) add(name, heads);
    for (const char* name : {"time_mix_key", "time_mix_value", "time_mix_receptance", "time_mix_gate"}) add(name, row);
  } else if (spec.version == 6) {
    for (const char* name : {"time_maa_x", "time_maa_w", "time_maa_k", "time_maa_v", "time_maa_r", "time_maa_g"})
      add(name, row);
    add("time_maa_w1", {hidden, 5 * spec.mix_rank});
    add("time_maa_w2", {5, spec.mix_rank, hidden});
    add("time_decay", {1, 1, channels});
    add("time_decay_w1", {hidden, spec.decay_rank});
    add("time_decay_w2", {spec.decay_rank, channels});
    add("time_faaaa", heads);
  } else {
    for (const char* name : {"x_r", "x_w", "x_k", "x_v", "x_a", "x_g"}) add(name, row);
    for (const char* name : {"k_k", "k_a"}) add(name, {channels});
    add("r_k", heads);
  }
  return tensors;
}

std::vector<ParameterSpec> own_tensors(const ChannelMixSpec& spec) {
  const std::vector<int64_t> row{1, 1, spec.key.in};
  if (spec.version == 7) return {{.name = spec.name + ".x_k", .shape = {spec.key.in}}};
  if (spec.version == 6)
    return {{.name = spec.name + ".time_maa_k", .shape = row}, {.name = spec.name + ".time_maa_r", .shape = row}};
  return {{.name = spec.name + ".time_mix_key", .shape = row},
          {.name = spec.name + ".time_mix_receptance", .shape = row}};
}

int64_t ParameterSpec::size() const {
  int64_t product = 1;
  for (const int64_t n : shape) product *= n;
  return product;
}

std::vector<ParameterSpec> parameter_table(const ModelSpec& spec) {
  Table table;
  table.add(spec.embedding);
  if (spec.positions) table.add(*spec.positions);
  if (spec.token_types) table.add(*spec.token_types);
  if (spec.project_in) table.add(*spec.project_in);
  table.add(spec.embedding_norm);
  if (spec.layer_inputs) table.add(*spec.layer_inputs);
  if (spec.streams) table.add(spec.streams->spread);
  for (const LayerSpec& layer : spec.encoder) table.add(layer);
  table.add(spec.encoder_norm);
  for (const LayerSpec& layer : spec.layers) table.add(layer);
  if (spec.streams) table.add(spec.streams->merge);
  if (spec.head_transform) table.add(spec.head_transform->dense);
  table.add(spec.final_norm);
  if (spec.project_out) table.add(*spec.project_out);
  if (!spec.tied_head) table.add(spec.head);
  if (spec.tied_head && spec.head.has_bias) table.add_bias(spec.head);
  return table.take();
}

int64_t parameter_count(const ModelSpec& spec) {
  int64_t sum = 0;
  for (const ParameterSpec& parameter : parameter_table(spec))
    if (__builtin_add_overflow(sum, parameter.size(), &sum)) return std::numeric_limits<int64_t>::max();
  return sum;
}

}  // namespace llmbox
