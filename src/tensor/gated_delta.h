// The recurrence of the gated delta rule (Yang, Kautz & Hatamizadeh 2024), differentiable in all inputs: per head a
// memory M of Dk × Dv, M ← e^g M, then M ← M + k βᵀ(v - Mᵀk), read as o = Mᵀq. Tokens are walked in order, so the
// result does not depend on how a sequence is cut into calls; the backward pass keeps one memory every kDeltaBlock
// tokens and recomputes between. float32 on the CPU.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <span>

namespace llmbox {

struct GatedDelta {
  at::Tensor q, k;       // (N, H, Dk)
  at::Tensor v;          // (N, H, Dv)
  at::Tensor log_decay;  // (N, H): g
  at::Tensor strength;   // (N, H): β
};

/// → (N, H, Dv). states (S, H, Dk, Dv) or undefined (zeros): where each segment starts; overwritten with where it ends,
/// so no gradient flows then.
at::Tensor gated_delta(const GatedDelta& in, std::span<const int64_t> segment_starts, const at::Tensor& states);
at::Tensor gated_delta_naive(const GatedDelta& in, std::span<const int64_t> segment_starts);

}  // namespace llmbox
