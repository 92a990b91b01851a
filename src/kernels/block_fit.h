// Scales for runs of values under a few bits of code each, chosen by their squared error: the search inside the
// encoders of Q4_K and Q6_K. Starting scales a little narrower and wider than the values' range asks for are refined by
// least squares, and the best is kept. Every table gives the same bits: only adds, products and quotients, lane by
// lane.
#pragma once

#include <cstdint>

namespace llmbox {

struct BlockFitKernels {
  /// 8 runs of 32 values: w ≈ scale · code - minimum with codes 0 … 15; scales and minima are ≥ 0.
  void (*affine)(const float* values, float* scales, float* minima);
  /// 16 runs of 16 values: w ≈ scale · code with codes -32 … 31. A scale may be negative: the value of the largest size
  /// starts as code -32.
  void (*symmetric)(const float* values, float* scales);
  /// The nearest codes of n values, a multiple of 16: round((value + minimum) / scale) kept within low … high; 0 kept
  /// within them where scale is 0.
  void (*codes)(const float* values, int64_t n, float scale, float minimum, float low, float high, float* codes);
};

BlockFitKernels portable_block_fit_kernels();
BlockFitKernels avx512_block_fit_kernels();

}  // namespace llmbox
