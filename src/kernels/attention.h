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
  float softcap;         // 0: none
  int64_t window;        // 0: all earlier keys
  bool chunked = false;  // the window is the query's own chunk of that size instead of the last keys

  /// The first key that the query at this position sees. Requires: window > 0.
  int64_t first_seen(int64_t query) const {
    const int64_t first = chunked ? query / window * window : query - window + 1;
    return first > 0 ? first : 0;
  }
  /// The first query that does not see this key any more. Requires: window > 0.
  int64_t unseen_from(int64_t key) const { return chunked ? (key / window + 1) * window : key + window; }
};

/// Rows of keys and values of one head by position: slot · stride, the position itself or through a page table.
template <class T>
struct KeyRows {
  const T* keys;
  const T* values;
  int64_t key_stride, value_stride;  // between slots
  const int32_t* pages = nullptr;    // null: slot = position
  int64_t page_size = 0;

  int64_t slot(int64_t position) const {
    return pages ? pages[position / page_size] * page_size + position % page_size : position;
  }
  const T* key(int64_t position) const { return keys + slot(position) * key_stride; }
  const T* value(int64_t position) const { return values + slot(position) * value_stride; }
};

template <class T>
struct ForwardTile {
  int64_t count;            // queries, ≤ kTile
  const T* query[kTile];    // (dim) each
  T* out[kTile];            // (value_dim) each
  float* log_sum[kTile];    // log of the softmax' sum for the backward pass; used where the first is not null
  int64_t position[kTile];  // ascending; query i sees keys at positions ≤ position[i]
  bool has_slopes, has_sinks;
  float slope[kTile];  // ALiBi: score of key j for query i gets slope · (j - position[i])
  float sink[kTile];   // a logit without a value
  KeyRows<T> rows;
  int64_t dim, value_dim;
  AttentionScaling scaling;
};

template <class T>
struct BackwardHead {
  const T *query, *key, *value, *out, *grad_out;  // row 0 of the segment, this head
  const float* log_sum;                           // at stride log_sum_stride; sinks are in it
  T* grad_query;
  float *grad_key, *grad_value;  // this query head's share, (length, dim or value_dim), overwritten
  int64_t query_stride, key_stride, log_sum_stride, grad_key_stride;  // query_stride is also grad_query's
  int64_t out_stride, value_stride, grad_value_stride;                // out_stride is also grad_out's
  int64_t length, dim, value_dim;
  float slope;  // 0: none
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
