#include "model/segment_context.h"

#include "tensor/segment_attention.h"

namespace llmbox {

at::Tensor SegmentContext::attend(const AttentionParams& params, const at::Tensor& q, const at::Tensor& k,
                                  const at::Tensor& v) {
  const AttentionShape shape{.scale = params.scale, .window = params.window, .softcap = params.softcap};
  return segment_attention(q, k, v, segment_starts_, shape);
}

}  // namespace llmbox
