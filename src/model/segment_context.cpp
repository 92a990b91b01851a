#include "model/segment_context.h"

#include "tensor/segment_attention.h"

namespace llmbox {

at::Tensor SegmentContext::attend(const AttentionParams& params, const at::Tensor& q, const at::Tensor& k,
                                  const at::Tensor& v) {
  return segment_attention(q, k, v, segment_starts_, params.shape);
}

}  // namespace llmbox
