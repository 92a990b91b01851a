// y = x wᵀ, the product of inference: the weight is read in place, row-major, never packed or copied. Every y is summed
// in one fixed order whatever the number of rows and the tile it falls into, so that a row's result does not depend on
// its neighbours: scores and greedy texts are the same bits in any batch.
#pragma once

#include <cstdint>

#include "kernels/bf16.h"

namespace llmbox {

template <class T>
struct ProductArgs {
  const T* x;     // (rows, k)
  const T* w;     // (n, k)
  const T* bias;  // (n) or null
  T* y;           // (rows, n)
  int64_t n, k;
};

/// A block of y: these rows and these columns.
struct ProductBlock {
  int64_t row_begin, row_end, begin, end;
};

template <class T>
struct ProductKernels {
  void (*block)(const ProductArgs<T>&, const ProductBlock&);
};

template <class T>
ProductKernels<T> portable_product_kernels();
template <class T>
ProductKernels<T> avx512_product_kernels();

}  // namespace llmbox
