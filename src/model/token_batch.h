// The one batch form of llmbox: a flat row of tokens with segments; nothing is padded. Packed training samples,
// prefill, scoring and decoding (one token a segment) are all this.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

namespace llmbox {

struct TokenBatch {
  at::Tensor tokens;                    // (N) int64
  at::Tensor positions;                 // (N) int64, position of each token within its own sequence
  std::vector<int64_t> segment_starts;  // S + 1 entries: 0 = first … N; segment s is [starts[s], starts[s+1])
  at::Tensor token_types{};             // (N) int64, for models that have them; undefined: all 0

  int64_t n_tokens() const { return segment_starts.empty() ? 0 : segment_starts.back(); }
  int64_t n_segments() const { return segment_starts.empty() ? 0 : static_cast<int64_t>(segment_starts.size()) - 1; }
  /// Segments of these lengths, each with positions from 0. tokens in order.
  static TokenBatch from_segments(const std::vector<std::vector<int32_t>>& segments);
};

}  // namespace llmbox
