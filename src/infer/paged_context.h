// Attention of one engine step: each layer's new keys and values go into the cache, rows shared with unfinished pages
// are copied, then every sequence attends over its pages. Because all writes of a layer come before its attention,
// sequences of one step may share what another of them computes.
#pragma once

#include <span>

#include "infer/kv_cache.h"
#include "model/attention_context.h"
#include "tensor/paged_attention.h"

namespace llmbox {

class PagedContext : public AttentionContext {
 public:
  /// Borrows everything for the length of one forward. slots: where each row of the batch lies in the cache.
  PagedContext(KvCache& cache, std::span<const int64_t> slots, std::span<const RowCopy> copies,
               std::span<const PagedSequence> sequences)
      : cache_(cache), slots_(slots), copies_(copies), sequences_(sequences) {}

  at::Tensor attend(const AttentionParams& params, const at::Tensor& q, const at::Tensor& k,
                    const at::Tensor& v) override {
    cache_.write(params.layer, slots_, k, v);
    cache_.copy_rows(params.layer, copies_);
    const AttentionShape shape{params.scale, params.window, params.softcap};
    return paged_attention(q, cache_.keys(params.layer), cache_.values(params.layer), sequences_, shape);
  }

 private:
  KvCache& cache_;
  std::span<const int64_t> slots_;
  std::span<const RowCopy> copies_;
  std::span<const PagedSequence> sequences_;
};

}  // namespace llmbox
