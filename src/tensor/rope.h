// Rotary position embedding: the first R of D dimensions of every head are rotated in pairs by an angle that grows with
// the token's position. The angles are made once per batch (the attention factor of scaled ropes is multiplied in).
#pragma once

#include <ATen/core/Tensor.h>

namespace llmbox {

struct RopeAngles {
  at::Tensor cos, sin;  // (N, R/2) float32
};

/// x (N, H, D) → (N, H, D). interleaved: pairs are (2i, 2i+1); else (i, i + R/2), as in transformers.
at::Tensor apply_rope(const at::Tensor& x, const RopeAngles& angles, bool interleaved);
at::Tensor apply_rope_naive(const at::Tensor& x, const RopeAngles& angles, bool interleaved);

}  // namespace llmbox
