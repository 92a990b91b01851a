// Attention within the segments of one batch, differentiable: training, and scoring without a cache. It must outlive
// the backward pass where activations are recomputed. Thread-safe.
#pragma once

#include <vector>

#include "model/attention_context.h"

namespace llmbox {

class SegmentContext : public AttentionContext {
 public:
  explicit SegmentContext(std::vector<int64_t> segment_starts) : segment_starts_(std::move(segment_starts)) {}
  at::Tensor attend(const AttentionParams& params, const at::Tensor& q, const at::Tensor& k,
                    const at::Tensor& v) override;
  std::span<const int64_t> segment_starts() const override { return segment_starts_; }
  RecurrentState* state(int, int64_t) override { return nullptr; }

 private:
  std::vector<int64_t> segment_starts_;  // S + 1
};

}  // namespace llmbox
