// Attention of one engine step: each layer's new keys and values go into the cache, rows shared with unfinished pages
// are copied, then every sequence attends over its pages. Because all writes of a layer come before its attention,
// sequences of one step may share what another of them computes. Recurrent layers find their states with the sequences.
#pragma once

#include "infer/kv_cache.h"
#include "infer/scheduler.h"
#include "model/attention_context.h"
#include "tensor/paged_attention.h"

namespace llmbox {

class PagedContext : public AttentionContext {
 public:
  /// Borrows everything for the length of one forward.
  PagedContext(KvCache& cache, const StepPlan& plan) : cache_(cache), plan_(plan) {}

  at::Tensor attend(const AttentionParams& params, const at::Tensor& q, const at::Tensor& k,
                    const at::Tensor& v) override {
    cache_.write(params.layer, plan_.slots, k, v);
    cache_.copy_rows(params.layer, plan_.copies);
    return paged_attention(q, cache_.keys(params.layer), cache_.values(params.layer), plan_.sequences, params.shape);
  }

  std::span<const int64_t> segment_starts() const override { return plan_.segment_starts; }

  RecurrentState* state(int layer, int64_t segment) override {
    std::vector<RecurrentState>& states = plan_.parts[static_cast<size_t>(segment)].sequence->states;
    if (states.size() <= static_cast<size_t>(layer)) states.resize(static_cast<size_t>(layer) + 1);
    return &states[static_cast<size_t>(layer)];
  }

 private:
  KvCache& cache_;
  const StepPlan& plan_;
};

}  // namespace llmbox
