// Tokens whose meaning is learned and not looked up: prompt tuning (Lester et al. 2021) gives them embeddings, prefix
// tuning (Li and Liang 2021) keys and values in every layer. They are tokens like others, with ids from the
// vocabulary's size on, at the beginning of each sequence: packing, caches and prefix trees need to know nothing of
// them. Values; gradients flow into `rows`.
#pragma once

#include <memory>

#include "core/json.h"
#include "model/attention_context.h"

namespace llmbox {

enum class VirtualKind { embeddings, keys_and_values };

struct VirtualTokens {
  VirtualKind kind = VirtualKind::embeddings;
  /// Float32, (n, E); or (n, 2 L K D): for each layer its key, not to be rotated, then its value.
  at::Tensor rows;
  Json peft_config;  // adapter_config.json as it was read, written back on save

  int64_t count() const { return rows.size(0); }
};

/// Where a batch has virtual tokens, and which.
struct VirtualPlaces {
  at::Tensor rows;  // of the batch
  at::Tensor ids;   // from 0
  static VirtualPlaces find(const at::Tensor& tokens, int64_t vocab_size);
};

/// Another context whose keys and values are the learned ones at these places. Borrows both for the length of a
/// forward.
class VirtualContext : public AttentionContext {
 public:
  VirtualContext(AttentionContext& base, const VirtualTokens& tokens, VirtualPlaces places)
      : base_(base), tokens_(tokens), places_(std::move(places)) {}
  at::Tensor attend(const AttentionParams& params, const at::Tensor& q, const at::Tensor& k,
                    const at::Tensor& v) override;
  std::span<const int64_t> segment_starts() const override { return base_.segment_starts(); }
  RecurrentState* state(int layer, int64_t segment) override { return base_.state(layer, segment); }
  at::Tensor memory() const override { return base_.memory(); }
  at::Tensor attend_memory(const AttentionShape& shape, const at::Tensor& q, const at::Tensor& k,
                           const at::Tensor& v) override {
    return base_.attend_memory(shape, q, k, v);
  }

 private:
  AttentionContext& base_;
  const VirtualTokens& tokens_;
  VirtualPlaces places_;
};

}  // namespace llmbox
