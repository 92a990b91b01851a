#include "model/segment_context.h"

#include <ATen/ATen.h>

#include "core/error.h"
#include "tensor/naive_attention.h"

namespace llmbox {

at::Tensor AttentionContext::attend_memory(const AttentionShape&, const at::Tensor&, const at::Tensor&,
                                           const at::Tensor&) {
  CHECK(false, "this context has no encoder's output");
  return {};
}

at::Tensor SegmentContext::attend(const AttentionParams& params, const at::Tensor& q, const at::Tensor& k,
                                  const at::Tensor& v) {
  return segment_attention(q, k, v, segment_starts_, params.shape);
}

at::Tensor SegmentContext::attend_memory(const AttentionShape& shape, const at::Tensor& q, const at::Tensor& k,
                                         const at::Tensor& v) {
  CHECK(memory_starts_.size() == segment_starts_.size(), "{} sources for {} segments", memory_starts_.size(),
        segment_starts_.size());
  std::vector<at::Tensor> parts;
  for (size_t s = 0; s + 1 < segment_starts_.size(); ++s) {
    const auto source = [&](const at::Tensor& x) { return x.slice(0, memory_starts_[s], memory_starts_[s + 1]); };
    parts.push_back(attend_naive(q.slice(0, segment_starts_[s], segment_starts_[s + 1]), source(k), source(v), shape));
  }
  return at::cat(parts);
}

}  // namespace llmbox
