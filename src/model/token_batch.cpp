#include "model/token_batch.h"

#include <ATen/ATen.h>

namespace llmbox {

TokenBatch TokenBatch::from_segments(const std::vector<std::vector<int32_t>>& segments) {
  TokenBatch batch;
  batch.segment_starts = {0};
  for (const auto& segment : segments)
    batch.segment_starts.push_back(batch.segment_starts.back() + static_cast<int64_t>(segment.size()));
  batch.tokens = at::empty({batch.n_tokens()}, at::kLong);
  batch.positions = at::empty({batch.n_tokens()}, at::kLong);
  int64_t* token = batch.tokens.data_ptr<int64_t>();
  int64_t* position = batch.positions.data_ptr<int64_t>();
  for (const auto& segment : segments) {
    for (size_t i = 0; i < segment.size(); ++i) {
      *token++ = segment[i];
      *position++ = static_cast<int64_t>(i);
    }
  }
  return batch;
}

}  // namespace llmbox
