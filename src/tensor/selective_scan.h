// The recurrence of a selective state space (Mamba, Gu & Dao 2023, algorithm 2), differentiable in all inputs: per
// channel a state h of St numbers, h ← exp(Δ a) h + Δ x B, y = C · h. Tokens are walked in order, so the result does
// not depend on how a sequence is cut into calls; the backward pass keeps one state every kScanBlock tokens and
// recomputes between. float32 on the CPU.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <span>

namespace llmbox {

struct SelectiveScan {
  at::Tensor x, step;        // (N, C); step is Δ
  at::Tensor decay;          // (C, St), negative
  at::Tensor input, output;  // (N, St): B and C of the paper
};

/// → (N, C). states (S, C, St) or undefined (zeros): where each segment starts; overwritten with where it ends, so no
/// gradient flows then.
at::Tensor selective_scan(const SelectiveScan& in, std::span<const int64_t> segment_starts, const at::Tensor& states);
at::Tensor selective_scan_naive(const SelectiveScan& in, std::span<const int64_t> segment_starts);

}  // namespace llmbox
