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
