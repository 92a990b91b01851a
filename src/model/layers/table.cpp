// The kinds of layers: which file serves which spec.
#include "model/layers/attention.h"
#include "model/layers/channel_mix.h"
#include "model/layers/cross_attention.h"
#include "model/layers/feed_forward.h"
#include "model/layers/ffn.h"
#include "model/layers/gated_delta_net.h"
#include "model/layers/latent_attention.h"
#include "model/layers/lightning.h"
#include "model/layers/mamba.h"
#include "model/layers/mamba2.h"
#include "model/layers/mixer.h"
#include "model/layers/moe.h"
#include "model/layers/short_conv.h"
#include "model/layers/side_by_side.h"
#include "model/layers/time_mix.h"

namespace llmbox {

namespace {

std::unique_ptr<Mixer> make_attention(const AttentionSpec& spec, const MixerPlace& place,
                                      const ParameterSource& source) {
  if (spec.latent) return std::make_unique<LatentAttention>(spec, place, source);
  return std::make_unique<Attention>(spec, place, source);
}

}  // namespace

std::unique_ptr<Mixer> make_mixer(const LayerSpec& spec, const MixerPlace& place, const ParameterSource& source) {
  if (spec.delta) return std::make_unique<GatedDeltaNet>(*spec.delta, place, source);
  if (spec.mamba) return std::make_unique<Mamba>(*spec.mamba, place, source);
  if (spec.conv) return std::make_unique<ShortConv>(*spec.conv, place, source);
  if (spec.lightning) return std::make_unique<Lightning>(*spec.lightning, place, source);
  if (spec.time_mix) return std::make_unique<TimeMix>(*spec.time_mix, place, source);
  if (!spec.mamba2) return make_attention(spec.attention, place, source);
  auto mamba = std::make_unique<Mamba2>(*spec.mamba2, place, source);
  if (spec.attention.n_head == 0) return mamba;
  std::vector<SideBySide::Branch> branches;
  branches.push_back({std::move(mamba), spec.mamba2_scale});
  branches.push_back({make_attention(spec.attention, place, source), spec.attention_scale});
  return std::make_unique<SideBySide>(std::move(branches));
}

std::unique_ptr<Mixer> make_second_mixer(const LayerSpec& spec, const MixerPlace& place,
                                         const ParameterSource& source) {
  if (spec.cross) return std::make_unique<CrossAttention>(*spec.cross, source);
  if (spec.channel_mix) return std::make_unique<ChannelMix>(*spec.channel_mix, place, source);
  return nullptr;
}

std::unique_ptr<FeedForward> make_feed_forward(const LayerSpec& spec, const ParameterSource& source) {
  if (spec.moe) return std::make_unique<Moe>(*spec.moe, source);
  if (!spec.has_ffn()) return nullptr;
  return std::make_unique<Ffn>(spec.ffn, source);
}

}  // namespace llmbox
