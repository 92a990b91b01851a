#include "tensor/segment_attention.h"

#include "tensor/naive_attention.h"

namespace llmbox {

at::Tensor segment_attention_naive(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                                   std::span<const int64_t> segment_starts, const AttentionShape& shape) {
  std::vector<at::Tensor> parts;
  for (size_t s = 0; s + 1 < segment_starts.size(); ++s) {
    const int64_t begin = segment_starts[s], length = segment_starts[s + 1] - begin;
    if (length > 0) {
      parts.push_back(
          attend_naive(q.narrow(0, begin, length), k.narrow(0, begin, length), v.narrow(0, begin, length), shape));
    }
  }
  return parts.empty() ? at::empty_like(q) : at::cat(parts, 0);
}

at::Tensor segment_attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                             std::span<const int64_t> segment_starts, const AttentionShape& shape) {
  return segment_attention_naive(q, k, v, segment_starts, shape);
}

}  // namespace llmbox
