// RWKV-4's weighted mean over the past, every channel by itself (Peng et al. 2023, equations 16 – 19), differentiable
// in all inputs: y_t = (Σ_{i<t} e^{(t-1-i) w + k_i} v_i + e^{u + k_t} v_t) / (the same without v). Sums are kept
// divided by e^(their largest exponent), so that no k overflows. Tokens are walked in order. float32 on the CPU.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <span>

namespace llmbox {

struct WkvScan {
  at::Tensor decay;  // (C): w < 0
  at::Tensor bonus;  // (C): u
  at::Tensor k, v;   // (N, C)
};

/// What a new sequence starts from, (3, C): numerator, denominator, the exponent they are divided by.
at::Tensor empty_wkv_state(int64_t channels);

/// → (N, C). states (S, 3, C) or undefined (new sequences): where each segment starts; overwritten with where it ends,
/// so no gradient flows then.
at::Tensor wkv_scan(const WkvScan& in, std::span<const int64_t> segment_starts, const at::Tensor& states);
at::Tensor wkv_scan_naive(const WkvScan& in, std::span<const int64_t> segment_starts);

}  // namespace llmbox
