#include <ATen/ATen.h>

#include "model/gguf/layout_parts.h"

namespace llmbox {

namespace {

/// The hub's file holds log(-A); GGUF holds A.
void decay(LayoutBuilder& builder, const std::string& name, const std::vector<int64_t>& hub_shape,
           const std::string& block, const std::vector<int64_t>& shape) {
  builder.changed(name + ".A_log", hub_shape,
                  {block + "ssm_a",
                   shape,
                   {},
                   [shape](const auto& parts) { return -parts[0].to(at::kFloat).exp().reshape(shape); }},
                  [hub_shape](const auto& parts) { return (-parts[0]).log().reshape(hub_shape); });
}

}  // namespace

void lay_mamba(const LayoutScope& scope, const MambaSpec& m, const std::string& block) {
  LayoutBuilder& builder = scope.builder;
  decay(builder, m.name, {m.inner, m.state_size}, block, {m.inner, m.state_size});
  builder.tensor(m.name + ".D", {m.inner}, block + "ssm_d");
  builder.tensor(m.name + ".conv1d.weight", {m.inner, 1, m.conv_width}, block + "ssm_conv1d.weight",
                 {m.inner, m.conv_width});
  if (m.conv_bias) builder.tensor(m.name + ".conv1d.bias", {m.inner}, block + "ssm_conv1d.bias");
  builder.linear(m.in, block + "ssm_in");
  builder.linear(m.x, block + "ssm_x");
  builder.linear(m.step, block + "ssm_dt");
  builder.norm(m.step_norm, block + "ssm_dt_norm");
  builder.norm(m.input_norm, block + "ssm_b_norm");
  builder.norm(m.output_norm, block + "ssm_c_norm");
  builder.linear(m.out, block + "ssm_out");
}

void lay_mamba2(const LayoutScope& scope, const Mamba2Spec& m, const BranchScale& scale, const std::string& block) {
  LayoutBuilder& builder = scope.builder;
  const int64_t maps = m.n_group * m.state_size, conv = m.channels() + 2 * maps;
  std::vector<double> rows;
  const std::array<int64_t, 5> sizes = {m.channels(), m.channels(), maps, maps, m.n_head};
  for (size_t part = 0; part < sizes.size(); ++part)
    rows.insert(rows.end(), static_cast<size_t>(sizes[part]), m.scales[part]);
  const bool folds = scope.family.folds_scales;
  builder.linear(m.in, block + "ssm_in", folds ? LinearChange{{}, scale.in, rows} : LinearChange{});
  builder.tensor(m.name + ".conv1d.weight", {conv, 1, m.conv_width}, block + "ssm_conv1d.weight", {conv, m.conv_width});
  if (m.conv_bias) builder.tensor(m.name + ".conv1d.bias", {conv}, block + "ssm_conv1d.bias");
  builder.tensor(m.name + ".dt_bias", {m.n_head}, block + "ssm_dt.bias");
  decay(builder, m.name, {m.n_head}, block, {m.n_head, 1});
  builder.tensor(m.name + ".D", {m.n_head}, block + "ssm_d", {m.n_head, 1});
  if (m.norm)
    builder.tensor(m.norm->name + ".weight", {m.channels()}, block + "ssm_norm.weight",
                   {m.n_group, m.channels() / m.n_group});
  builder.linear(m.out, block + "ssm_out", {{}, 1, {folds ? scale.out : 1}});
}

void lay_delta(const LayoutScope& scope, const GatedDeltaSpec& d, const std::string& block) {
  LayoutBuilder& builder = scope.builder;
  // The hub has a key head's query, key, values and gates together; GGUF all queries, all keys, all values; the gates.
  const int64_t key = d.key_dim, values = d.n_value_head / d.n_key_head * d.value_dim, head = 2 * (key + values);
  RowOrder qkv, gate;
  for (const auto& [first, count] : {std::pair(int64_t{0}, key), std::pair(key, key), std::pair(2 * key, values)})
    for (int64_t i = 0; i < d.n_key_head; ++i) append_rows(qkv, i * head + first, count);
  for (int64_t i = 0; i < d.n_key_head; ++i) append_rows(gate, i * head + 2 * key + values, values);
  builder.split(d.qkvz, {{block + "attn_qkv", qkv}, {block + "attn_gate", gate}});
  builder.linear(d.ba, block + "ssm_ba");
  const int64_t channels = 2 * d.n_key_head * key + d.n_value_head * d.value_dim;
  builder.tensor(d.name + ".conv1d.weight", {channels, 1, d.conv_width}, block + "ssm_conv1d.weight",
                 {channels, d.conv_width});
  builder.tensor(d.name + ".dt_bias", {d.n_value_head}, block + "ssm_dt.bias");
  decay(builder, d.name, {d.n_value_head}, block, {d.n_value_head});
  builder.norm(d.norm, block + "ssm_norm");
  builder.linear(d.out, block + "ssm_out");
}

void lay_conv(const LayoutScope& scope, const ShortConvSpec& c, const std::string& block) {
  LayoutBuilder& builder = scope.builder;
  const std::string there = block + "shortconv.";
  builder.tensor(c.name + ".conv.weight", {c.out.in, 1, c.width}, there + "conv.weight", {c.out.in, c.width});
  if (c.has_bias) builder.tensor(c.name + ".conv.bias", {c.out.in}, there + "conv.bias");
  builder.linear(c.in, there + "in_proj");
  builder.linear(c.out, there + "out_proj");
}

}  // namespace llmbox
