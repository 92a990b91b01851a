// Element-wise and row-wise kernels: norms, rope, SwiGLU and the loss of one row of logits. Each handles the rows it is
// given; the caller splits rows over threads. T is float or Bf16; sums and products are made in float and rounded once.
#pragma once

#include <cstdint>

#include "kernels/bf16.h"

namespace llmbox {

template <class T>
struct NormArgs {
  const T* x;       // (rows, width)
  const T* weight;  // (width)
  const T* bias;    // (width) or null
  T* y;             // (rows, width)
  int64_t rows, width;
  float eps;
};

template <class T>
struct NormGradArgs {
  const T* x;
  const T* weight;
  const T* dy;
  T* dx;
  float* dweight;  // (width), this block's sum, overwritten; may be null together with dbias
  float* dbias;    // (width) or null
  int64_t rows, width;
  float eps;
};

template <class T>
struct RopeArgs {
  const T* x;        // (rows, heads, dim)
  const float* cos;  // (rows, half)
  const float* sin;
  T* y;
  int64_t rows, heads, dim, half;
  float direction;  // 1 forward, -1 for the gradient
  bool interleaved;
};

struct RowLoss {
  float nll = 0;
  bool is_argmax = false;
};

template <class T>
struct RowKernels {
  void (*rms_norm)(const NormArgs<T>&);
  void (*rms_norm_grad)(const NormGradArgs<T>&);
  void (*layer_norm)(const NormArgs<T>&);
  void (*layer_norm_grad)(const NormGradArgs<T>&);
  void (*rope)(const RopeArgs<T>&);
  void (*swiglu)(const T* gate, const T* up, T* y, int64_t n);
  void (*swiglu_grad)(const T* gate, const T* up, const T* dy, T* dgate, T* dup, int64_t n);
  /// The loss of one row of logits; where `gradient`, the row becomes softmax - onehot(label).
  RowLoss (*row_loss)(T* logits, int64_t n, int64_t label, bool gradient);
  void (*accumulate)(const T* x, float* sum, int64_t n);             // sum += x
  void (*scale_into)(const float* x, float scale, T* y, int64_t n);  // y = scale · x
};

template <class T>
RowKernels<T> portable_row_kernels();
template <class T>
RowKernels<T> avx512_row_kernels();

}  // namespace llmbox
