// Where a layer's queries meet keys. The decoder calls attend(); whether that is plain attention within the segments of
// a training batch or attention over a paged key/value cache is the caller's business, never the model's.
#pragma once

#include <ATen/core/Tensor.h>

#include <optional>

namespace llmbox {

/// What one layer asks of attention.
struct AttentionParams {
  int layer = 0;
  double scale = 0;    // softmax(scale q·k)
  int64_t window = 0;  // 0: all earlier tokens; else token i sees (i - window, i]
  double softcap = 0;  // 0: none; else softcap·tanh(s/softcap)
};

class AttentionContext {
 public:
  virtual ~AttentionContext() = default;
  /// q (N, H, D), k and v (N, K, D), rotated already, one compute dtype → (N, H, D). Causal within each sequence.
  virtual at::Tensor attend(const AttentionParams& params, const at::Tensor& q, const at::Tensor& k,
                            const at::Tensor& v) = 0;
};

}  // namespace llmbox
