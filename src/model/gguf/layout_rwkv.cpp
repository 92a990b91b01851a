#include <ATen/ATen.h>

#include "model/gguf/layout_parts.h"

namespace llmbox {

namespace {

/// The mixing weights of `letters` with the token before, (1, 1, E) each, on top of each other.
void lerp(LayoutBuilder& builder, const std::string& beginning, const std::string& letters, int64_t hidden,
          const std::string& block) {
  std::vector<std::string> hubs;
  for (const char letter : letters) hubs.push_back(beginning + letter);
  builder.stacked_tensors(hubs, {1, 1, hidden}, block + "time_mix_lerp_fused.weight");
}

/// The last two dimensions change places.
void turned(LayoutBuilder& builder, const std::string& hub, const std::vector<int64_t>& shape,
            const std::string& gguf) {
  std::vector<int64_t> there = shape;
  std::swap(there[there.size() - 1], there[there.size() - 2]);
  const TensorJoin turn = [](const std::vector<at::Tensor>& parts) { return parts[0].transpose(-1, -2); };
  builder.changed(hub, shape, {gguf, there, {}, turn}, turn);
}

void lay_version6(LayoutBuilder& builder, const TimeMixSpec& mix, const std::string& block) {
  const int64_t hidden = mix.key.in, channels = mix.channels();
  const std::string name = mix.name + ".";
  builder.tensor(name + "time_maa_x", {1, 1, hidden}, block + "time_mix_lerp_x.weight", {hidden});
  lerp(builder, name + "time_maa_", "wkvrg", hidden, block);
  turned(builder, name + "time_maa_w1", {hidden, 5 * mix.mix_rank}, block + "time_mix_w1.weight");
  turned(builder, name + "time_maa_w2", {5, mix.mix_rank, hidden}, block + "time_mix_w2.weight");
  builder.tensor(name + "time_decay", {1, 1, channels}, block + "time_mix_decay.weight", {channels});
  turned(builder, name + "time_decay_w1", {hidden, mix.decay_rank}, block + "time_mix_decay_w1.weight");
  turned(builder, name + "time_decay_w2", {mix.decay_rank, channels}, block + "time_mix_decay_w2.weight");
  builder.tensor(name + "time_faaaa", {mix.n_head, mix.head_dim}, block + "time_mix_first.weight");
}

void low_rank(LayoutBuilder& builder, const TimeMixSpec::LowRank& part, const std::string& gguf) {
  const LinearSpec &down = part.down, &up = part.up;
  builder.tensor(down.name + ".weight", {down.out, down.in}, gguf + "1.weight");
  builder.tensor(up.name + ".weight", {up.out, up.in}, gguf + "2.weight");
  if (up.has_bias) builder.tensor(up.name + ".bias", {up.out}, gguf + "0.weight");
}

void lay_version7(LayoutBuilder& builder, const TimeMixSpec& mix, const std::string& block) {
  const std::string name = mix.name + ".", there = block + "time_mix_";
  lerp(builder, name + "x_", "rwkvag", mix.key.in, block);
  for (const char* part : {"k_k", "k_a"}) builder.tensor(name + part, {mix.channels()}, there + part + ".weight");
  builder.tensor(name + "r_k", {mix.n_head, mix.head_dim}, there + "r_k.weight", {mix.channels()});
  const std::string letters = mix.is_first ? "wag" : "wavg";
  for (size_t i = 0; i < letters.size(); ++i) low_rank(builder, mix.low_ranks.at(i), there + letters[i]);
  if (!mix.is_first) return;
  // llama.cpp wants the first layer's mix of values, though it does not read it.
  const LinearSpec &down = mix.low_ranks.at(1).down, &up = mix.low_ranks[1].up;
  builder.copied(down.name + ".weight", {down.out, down.in}, there + "v1.weight", 1);
  builder.copied(up.name + ".weight", {up.out, up.in}, there + "v2.weight", 1);
  builder.copied(up.name + ".bias", {up.out}, there + "v0.weight", 1);
}

}  // namespace

void lay_time_mix(const LayoutScope& scope, const TimeMixSpec& mix, double scale, const std::string& block) {
  LayoutBuilder& builder = scope.builder;
  if (mix.version == 6) lay_version6(builder, mix, block);
  if (mix.version == 7) lay_version7(builder, mix, block);
  const std::string there = block + "time_mix_";
  builder.linear(mix.receptance, there + "receptance");
  builder.linear(mix.key, there + "key");
  builder.linear(mix.value, there + "value");
  if (mix.gate) builder.linear(*mix.gate, there + "gate");
  builder.norm(mix.norm, there + "ln");
  builder.linear(mix.out, there + "output", {{}, 1, {scale}});
}

void lay_channel_mix(const LayoutScope& scope, const ChannelMixSpec& mix, double scale, const std::string& block) {
  LayoutBuilder& builder = scope.builder;
  const std::string there = block + "channel_mix_";
  const int64_t hidden = mix.key.in;
  if (mix.version == 7) builder.tensor(mix.name + ".x_k", {hidden}, there + "lerp_k.weight");
  for (const char* part : {"k", "r"})
    if (mix.version == 6)
      builder.tensor(mix.name + ".time_maa_" + part, {1, 1, hidden}, there + "lerp_" + part + ".weight", {hidden});
  builder.linear(mix.key, there + "key");
  if (mix.receptance) builder.linear(*mix.receptance, there + "receptance");
  builder.linear(mix.value, there + "value", {{}, 1, {scale}});
}

}  // namespace llmbox
