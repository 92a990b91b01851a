// The kinds of layers: which file serves which spec.
#include "model/layers/attention.h"
#include "model/layers/cross_attention.h"
#include "model/layers/feed_forward.h"
#include "model/layers/ffn.h"
#include "model/layers/gated_delta_net.h"
#include "model/layers/latent_attention.h"
#include "model/layers/mamba.h"
#include "model/layers/mixer.h"
#include "model/layers/moe.h"
#include "model/layers/short_conv.h"

namespace llmbox {

std::unique_ptr<Mixer> make_mixer(const LayerSpec& spec, const MixerPlace& place, const ParameterSource& source) {
  if (spec.delta) return std::make_unique<GatedDeltaNet>(*spec.delta, place, source);
  if (spec.mamba) return std::make_unique<Mamba>(*spec.mamba, place, source);
  if (spec.conv) return std::make_unique<ShortConv>(*spec.conv, place, source);
  if (spec.attention.latent) return std::make_unique<LatentAttention>(spec.attention, place, source);
  return std::make_unique<Attention>(spec.attention, place, source);
}

std::unique_ptr<Mixer> make_cross_attention(const AttentionSpec& spec, const ParameterSource& source) {
  return std::make_unique<CrossAttention>(spec, source);
}

std::unique_ptr<FeedForward> make_feed_forward(const LayerSpec& spec, const ParameterSource& source) {
  if (spec.moe) return std::make_unique<Moe>(*spec.moe, source);
  if (!spec.has_ffn()) return nullptr;
  return std::make_unique<Ffn>(spec.ffn, source);
}

}  // namespace llmbox
