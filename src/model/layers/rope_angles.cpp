#include "model/layers/rope_angles.h"

#include <ATen/ATen.h>

#include "arch/shape/rope.h"

namespace llmbox {

namespace {

/// Frequencies of a sequence of `length` tokens, (1, R/2).
at::Tensor frequency_row(const RopeSpec& rope, int64_t length) {
  const std::vector<float> frequencies = rope_frequencies(rope, length);
  return at::tensor(at::ArrayRef<float>(frequencies), at::kFloat).unsqueeze(0);
}

/// (1, R/2) for all tokens, or (N, R/2) where segments differ.
at::Tensor batch_frequencies(const RopeSpec& rope, const TokenBatch& batch) {
  if (!depends_on_length(rope)) return frequency_row(rope, 0);
  const at::Tensor positions = batch.positions.cpu();
  std::vector<at::Tensor> rows;
  for (int64_t s = 0; s < batch.n_segments(); ++s) {
    const int64_t begin = batch.segment_starts[s];
    const int64_t end = batch.segment_starts[s + 1];
    if (begin == end) continue;
    const int64_t length = positions.slice(0, begin, end).max().item<int64_t>() + 1;
    rows.push_back(frequency_row(rope, length).expand({end - begin, rope.dim / 2}));
  }
  return rows.empty() ? frequency_row(rope, 0) : at::cat(rows);
}

}  // namespace

RopeAngles make_rope_angles(const RopeSpec& rope, const TokenBatch& batch) {
  const at::Tensor frequencies = batch_frequencies(rope, batch).to(batch.positions.device());
  const at::Tensor angles = batch.positions.to(at::kFloat).unsqueeze(1) * frequencies;  // (N, R/2)
  RopeAngles result{angles.cos(), angles.sin()};
  if (rope.attention_factor != 1) {
    result.cos.mul_(rope.attention_factor);
    result.sin.mul_(rope.attention_factor);
  }
  return result;
}

}  // namespace llmbox
