// Products of a few rows with a large weight that is read in place, row-major, once per call: y = x wᵀ. The bound is
// the memory's speed, so up to kSkinnyRows rows of x share one pass over the weight. Each y is summed in the same order
// whatever the number of rows, so a row's result does not depend on its neighbours.
#pragma once

#include <cstdint>

#include "kernels/bf16.h"

namespace llmbox {

inline constexpr int64_t kSkinnyRows = 16;

template <class T>
struct SkinnyArgs {
  const T* x;     // (rows, k), rows ≤ kSkinnyRows
  const T* w;     // (n, k)
  const T* bias;  // (n) or null
  T* y;           // (rows, n)
  int64_t rows, n, k;
};

template <class T>
struct ProductKernels {
  /// Columns [begin, end) of y.
  void (*skinny)(const SkinnyArgs<T>&, int64_t begin, int64_t end);
};

template <class T>
ProductKernels<T> portable_product_kernels();
template <class T>
ProductKernels<T> avx512_product_kernels();

}  // namespace llmbox
