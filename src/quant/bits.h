// Codes of a few bits inside words of 32, as the checkpoint layouts pack them. All results are uint8 (int32 where a
// code may be added to) tensors on the CPU; no allocation beyond the result.
#pragma once

#include <ATen/core/Tensor.h>

namespace llmbox {

/// words int32 (W, M), each column one stream of bits, lowest first → the first n codes of `bits` bits, uint8 (n, M).
/// Codes may cross words (3 bits). Requires: bits 1 to 8, n · bits ≤ 32 W.
at::Tensor unpack_columns(const at::Tensor& words, int bits, int64_t n);

/// words int32 (N, W), each row a run of words of 32 / bits codes, lowest first → uint8 (N, n).
/// Requires: bits divides 32, n · bits ≤ 32 W.
at::Tensor unpack_rows(const at::Tensor& words, int bits, int64_t n);

}  // namespace llmbox
