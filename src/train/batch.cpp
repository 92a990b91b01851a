#include "train/batch.h"

#include <ATen/ATen.h>

namespace llmbox {
namespace {

at::Tensor int_tensor(const std::vector<int32_t>& values, at::Device device) {
  at::Tensor out = at::empty({static_cast<int64_t>(values.size())}, at::kLong);
  std::copy(values.begin(), values.end(), out.data_ptr<int64_t>());
  return out.to(device);
}

}  // namespace

PackedRow with_virtual_tokens(const PackedRow& row, const std::vector<int32_t>& virtual_ids) {
  if (virtual_ids.empty()) return row;
  const auto n = static_cast<int32_t>(virtual_ids.size());
  PackedRow out;
  out.segment_starts = {0};
  for (size_t s = 0; s + 1 < row.segment_starts.size(); ++s) {
    for (int32_t i = 0; i < n; ++i) {
      out.tokens.push_back(virtual_ids[static_cast<size_t>(i)]);
      out.positions.push_back(i);
      out.labels.push_back(kNoTarget);
    }
    for (auto t = static_cast<size_t>(row.segment_starts[s]); t < static_cast<size_t>(row.segment_starts[s + 1]); ++t) {
      out.tokens.push_back(row.tokens[t]);
      out.positions.push_back(row.positions[t] + n);
      out.labels.push_back(row.labels[t]);
    }
    out.segment_starts.push_back(static_cast<int64_t>(out.tokens.size()));
  }
  return out;
}

DeviceBatch to_device(const PackedRow& row, at::Device device) {
  DeviceBatch out;
  out.tokens.tokens = int_tensor(row.tokens, device);
  out.tokens.positions = int_tensor(row.positions, device);
  out.tokens.segment_starts = row.segment_starts;
  out.labels = int_tensor(row.labels, device);
  out.attention = std::make_shared<SegmentContext>(row.segment_starts);
  return out;
}

}  // namespace llmbox
