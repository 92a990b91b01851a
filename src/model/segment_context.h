// Attention within the segments of one batch, differentiable: training, and scoring without a cache. It must outlive
// the backward pass where activations are recomputed. Thread-safe.
#pragma once

#include <vector>

#include "model/attention_context.h"

namespace llmbox {

class SegmentContext : public AttentionContext {
 public:
  explicit SegmentContext(std::vector<int64_t> segment_starts) : segment_starts_(std::move(segment_starts)) {}
  /// With an encoder's output (M, E), segment s of it belonging to segment s of the batch.
  SegmentContext(std::vector<int64_t> segment_starts, at::Tensor memory, std::vector<int64_t> memory_starts)
      : segment_starts_(std::move(segment_starts)),
        memory_(std::move(memory)),
        memory_starts_(std::move(memory_starts)) {}
  at::Tensor attend(const AttentionParams& params, const at::Tensor& q, const at::Tensor& k,
                    const at::Tensor& v) override;
  std::span<const int64_t> segment_starts() const override { return segment_starts_; }
  RecurrentState* state(int, int64_t) override { return nullptr; }
  at::Tensor memory() const override { return memory_; }
  at::Tensor attend_memory(const AttentionShape& shape, const at::Tensor& q, const at::Tensor& k,
                           const at::Tensor& v) override;

 private:
  std::vector<int64_t> segment_starts_;  // S + 1
  at::Tensor memory_;
  std::vector<int64_t> memory_starts_;
};

}  // namespace llmbox
