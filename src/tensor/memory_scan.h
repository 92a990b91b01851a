// The recurrence under linear attention of every kind, differentiable in all inputs: per head a memory M of Dk × Dv,
// M ← diag(e^g) M + write (Mᵀ seek)ᵀ + k vᵀ, read as o = Mᵀ q. With a scalar decay it is Lightning Attention or Mamba
// 2's state space; with one a row RWKV's; `seek` and `write` give the delta rule. Tokens are walked in order, so the
// result does not depend on how a sequence is cut into calls; the backward pass keeps one memory every kMemoryBlock
// tokens and recomputes between. float32 on the CPU.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <span>

namespace llmbox {

struct MemoryScan {
  at::Tensor q, k;          // (N, H, Dk)
  at::Tensor v;             // (N, H, Dv)
  at::Tensor log_decay;     // (N, H, Dk), or (N, H, 1) where all rows of a memory share it: g
  at::Tensor seek{};        // (N, H, Dk), or undefined with the next: nothing is taken back
  at::Tensor write{};       // (N, H, Dk)
  bool read_first = false;  // o is read from the memory as it was before the token
};

/// → (N, H, Dv). states (S, H, Dk, Dv) or undefined (zeros): where each segment starts; overwritten with where it ends,
/// so no gradient flows then. Inputs may be expanded in their first two dimensions: they are not copied.
at::Tensor memory_scan(const MemoryScan& in, std::span<const int64_t> segment_starts, const at::Tensor& states);
at::Tensor memory_scan_naive(const MemoryScan& in, std::span<const int64_t> segment_starts);

}  // namespace llmbox
