// The parts of a layer, each laid out by what it is: one function a kind, its file named after the kind. `block` is the
// beginning of GGUF's names, "blk.0.". Refused with an Error naming the part: what GGUF has no place for.
#pragma once

#include "model/gguf/layout_builder.h"

namespace llmbox {

struct LayoutScope {
  const ModelSpec& spec;
  const GgufFamily& family;
  LayoutBuilder& builder;
};

/// scale: on what the attention reads and gives.
void lay_attention(const LayoutScope& scope, const AttentionSpec& spec, const BranchScale& scale,
                   const std::string& block);
/// end: of the names, "_shexp" for a mixture's shared expert.
void lay_ffn(const LayoutScope& scope, const FfnSpec& spec, const std::string& block, const std::string& end = "");
void lay_moe(const LayoutScope& scope, const MoeSpec& spec, const std::string& block);
void lay_mamba(const LayoutScope& scope, const MambaSpec& spec, const std::string& block);
void lay_mamba2(const LayoutScope& scope, const Mamba2Spec& spec, const BranchScale& scale, const std::string& block);
void lay_delta(const LayoutScope& scope, const GatedDeltaSpec& spec, const std::string& block);
/// RWKV 6 and 7; scale: on the result.
void lay_time_mix(const LayoutScope& scope, const TimeMixSpec& spec, double scale, const std::string& block);
void lay_channel_mix(const LayoutScope& scope, const ChannelMixSpec& spec, double scale, const std::string& block);
/// Gemma 3n: what a layer has beside attention and feed-forward; the model's streams and inputs of layers.
void lay_streams(const LayoutScope& scope, const LayerSpec& layer, const std::string& block);
void lay_streams(const LayoutScope& scope);
void lay_conv(const LayoutScope& scope, const ShortConvSpec& spec, const std::string& block);

}  // namespace llmbox
