// Attention on raw pointers. Forward: one call computes a tile of up to kTile queries that share a key head, walking
// blocks of kTile keys that lie at fixed positions, with a running softmax; keys are rows at a stride or in pages.
// Backward: one call computes one query head of one segment. Work is split over calls only, so results do not depend on
// threads. T is float or Bf16 (then head_dim is even); sums are float; probabilities enter products rounded to T.
#pragma once

#include <cstdint>

#include "kernels/bf16.h"

namespace llmbox {

inline constexpr int64_t kTile = 64;

struct AttentionScaling {
  float scale;
  float softcap;   // 0: none
  int64_t window;  // 0: all earlier keys
};

/// Rows of keys and values of one head by position: base + p·stride, or through a page table.
template <class T>
struct KeyRows {
  const T* keys;
  const T* values;
  int64_t stride;                  // between positions (within a page)
  const int32_t* pages = nullptr;  // null: one stretch
  int64_t page_size = 0, page_stride = 0;

  int64_t offset(int64_t position) const {
    return pages ? pages[position / page_size] * page_stride + position % page_size * stride : position * stride;
  }
};

template <class T>
struct ForwardTile {
  int64_t count;            // queries, ≤ kTile
  const T* query[kTile];    // (dim) each
  T* out[kTile];            // (dim) each
  float* log_sum[kTile];    // log of the softmax' sum for the backward pass; used where the first is not null
  int64_t position[kTile];  // ascending; query i sees keys at positions ≤ position[i]
  KeyRows<T> rows;
  int64_t dim;
  AttentionScaling scaling;
};

template <class T>
struct BackwardHead {
  const T *query, *key, *value, *out, *grad_out;  // row 0 of the segment, this head
  const float* log_sum;                           // at stride log_sum_stride
  T* grad_query;
  float *grad_key, *grad_value;  // this query head's share, (length, dim) at stride grad_key_stride, overwritten
  int64_t query_stride, key_stride, log_sum_stride,
      grad_key_stride;  // query_stride is also out's, grad_out's, grad_query's
  int64_t length, dim;
  AttentionScaling scaling;
};

template <class T>
struct AttentionKernels {
  void (*forward)(const ForwardTile<T>&);
  void (*backward)(const BackwardHead<T>&);
};

template <class T>
AttentionKernels<T> portable_attention_kernels();
template <class T>
AttentionKernels<T> avx512_attention_kernels();

}  // namespace llmbox
