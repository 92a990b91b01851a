// Attention over a paged key/value cache, for prefill, scoring and decoding alike; no gradient. Keys are reduced in
// blocks that lie at fixed absolute positions, so a query's result depends neither on how the queries of its sequence
// are cut into calls nor on the other sequences of the batch.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <span>

#include "tensor/segment_attention.h"

namespace llmbox {

struct PagedSequence {
  int64_t q_begin = 0, q_end = 0;  // its rows of q
  int64_t kv_length = 0;           // keys in the cache, these queries' own included
  std::span<const int32_t> pages;  // page numbers: position p lies in pages[p / page_size], row p % page_size
};

/// q (N, H, D); key_pages (P, page_size, K, D) and value_pages (P, page_size, K, Dv), contiguous, of q's dtype
/// → (N, H, Dv).
/// Query i of a sequence sits at position kv_length - n_q + i and sees the keys up to it (within shape.window).
at::Tensor paged_attention(const at::Tensor& q, const at::Tensor& key_pages, const at::Tensor& value_pages,
                           std::span<const PagedSequence> sequences, const AttentionShape& shape);
at::Tensor paged_attention_naive(const at::Tensor& q, const at::Tensor& key_pages, const at::Tensor& value_pages,
                                 std::span<const PagedSequence> sequences, const AttentionShape& shape);

}  // namespace llmbox
