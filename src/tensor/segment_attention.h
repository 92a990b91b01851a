// Causal attention within the segments of a flat batch, differentiable in q, k, v and sinks. Scores are never stored:
// the fast form walks blocks of keys with a running softmax and recomputes them in the backward pass from one number
// per row and head. Heads are grouped: query head h reads key head h / (H / K). The naive twin is plain ATen, for other
// devices too.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <span>
#include <vector>

namespace llmbox {

/// A learned bias by the bucket of the distance from query to key (T5).
struct RelativeBias {
  at::Tensor table;  // (buckets, H), or undefined: none
  int64_t max_distance = 0;
  bool both_ways = false;  // half of the buckets are for keys after the query
};

struct AttentionShape {
  double scale = 0;     // softmax(scale q·k)
  int64_t window = 0;   // 0: all earlier tokens; else token i sees (i - window, i]
  double softcap = 0;   // 0: none; else softcap·tanh(s/softcap)
  at::Tensor slopes{};  // (H) float32 on the CPU, or undefined: the score of key j for query i gets slope · (j - i)
  at::Tensor sinks{};   // (H), or undefined: a logit without a value that takes its share of the softmax
  bool causal = true;   // false: a token sees all of its segment
  RelativeBias relative{};
  bool chunked = false;  // the window does not slide: token i sees those of its own chunk of that size, up to itself
  std::vector<int64_t> prefixes{};  // one a segment, or none: all tokens of a segment see its keys below this
  /// Our kernels take causal attention without a learned bias; the rest runs the naive twin.
  bool has_kernel() const { return causal && !relative.table.defined(); }
  /// The shape of one segment alone.
  AttentionShape of_segment(size_t segment) const {
    AttentionShape own = *this;
    if (!prefixes.empty()) own.prefixes = {prefixes[segment]};
    return own;
  }
};

/// q (N, H, D), k (N, K, D), v (N, K, Dv) → (N, H, Dv). segment_starts: S + 1 entries from 0 to N, as in TokenBatch.
at::Tensor segment_attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                             std::span<const int64_t> segment_starts, const AttentionShape& shape);
at::Tensor segment_attention_naive(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                                   std::span<const int64_t> segment_starts, const AttentionShape& shape);

}  // namespace llmbox
