// A packed row as tensors: what the decoder and the loss take. It must outlive the backward pass: recomputed layers ask
// its attention again.
#pragma once

#include <ATen/core/Tensor.h>

#include <memory>

#include "data/sample.h"
#include "model/segment_context.h"
#include "model/token_batch.h"

namespace llmbox {

struct DeviceBatch {
  TokenBatch tokens;
  at::Tensor labels;  // (N) int64, -100 = no target
  std::shared_ptr<SegmentContext> attention;
};

/// The row with the virtual tokens of a prompt adapter in front of each segment, without targets.
PackedRow with_virtual_tokens(const PackedRow& row, const std::vector<int32_t>& virtual_ids);

DeviceBatch to_device(const PackedRow& row, at::Device device = at::kCPU);

}  // namespace llmbox
