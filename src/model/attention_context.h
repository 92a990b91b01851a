// What a layer needs to know of the other tokens. The decoder asks for attention, or for the state of a recurrence;
// whether that happens within the segments of a training batch or over a paged cache is the caller's business, never
// the model's.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <span>

#include "tensor/segment_attention.h"

namespace llmbox {

/// What one layer asks of attention.
struct AttentionParams {
  int layer = 0;
  AttentionShape shape;
};

/// What a recurrent layer carries over from one token of a sequence to the next; undefined: nothing yet.
struct RecurrentState {
  at::Tensor inputs;  // (W - 1, C) of the short convolution
  at::Tensor memory;  // float32, the layer's own shape
};

class AttentionContext {
 public:
  virtual ~AttentionContext() = default;
  /// q (N, H, D), k (N, K, D), v (N, K, Dv), rotated already, one compute dtype → (N, H, Dv). Causal within each
  /// sequence.
  virtual at::Tensor attend(const AttentionParams& params, const at::Tensor& q, const at::Tensor& k,
                            const at::Tensor& v) = 0;
  /// S + 1 entries, as in TokenBatch.
  virtual std::span<const int64_t> segment_starts() const = 0;
  /// Where a recurrent layer finds what a segment's sequence left and leaves what comes next; null where every segment
  /// starts from nothing and its end is not wanted (training).
  virtual RecurrentState* state(int layer, int64_t segment) = 0;
  /// What the encoder made of the sources, (M, E); undefined where there is none.
  virtual at::Tensor memory() const { return {}; }
  /// Attention of each segment's q (N, H, D) over its source's k and v (M, H, D). Requires: memory() is defined.
  virtual at::Tensor attend_memory(const AttentionShape& shape, const at::Tensor& q, const at::Tensor& k,
                                   const at::Tensor& v);
};

}  // namespace llmbox
