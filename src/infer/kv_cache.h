// The tensors of the paged key/value cache: per layer keys (P, page_size, K, D) and values (P, page_size, K, Dv). They
// grow by doubling as pages are first used, never beyond the pool's capacity, and are never given back before the cache
// dies. Rows of a page that no sequence has written are zero or stale and are never read.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <span>
#include <vector>

#include "arch/spec.h"

namespace llmbox {

/// Rows [0, n_rows) of page `from` are wanted at the start of page `to`.
struct RowCopy {
  int32_t from = 0;
  int32_t to = 0;
  int32_t n_rows = 0;
};

class KvCache {
 public:
  KvCache(const ModelSpec& spec, int32_t page_size, at::TensorOptions options);

  /// Makes room for pages [0, n_pages), at most capacity.
  void grow(int32_t n_pages, int32_t capacity);
  /// Writes rows of k (N, K, D) and v (N, K, Dv) to the slots page · page_size + row of a layer.
  void write(int layer, std::span<const int64_t> slots, const at::Tensor& k, const at::Tensor& v);
  /// In order: a later copy may read what an earlier one wrote.
  void copy_rows(int layer, std::span<const RowCopy> copies);

  const at::Tensor& keys(int layer) const { return keys_[layer]; }
  const at::Tensor& values(int layer) const { return values_[layer]; }
  int32_t page_size() const { return page_size_; }
  int64_t bytes() const;
  /// Bytes of one page over all layers.
  static int64_t page_bytes(const ModelSpec& spec, int32_t page_size, at::ScalarType dtype);

 private:
  int32_t page_size_;
  std::vector<at::Tensor> keys_;    // (P, page_size, K, D) each
  std::vector<at::Tensor> values_;  // (P, page_size, K, Dv) each
};

}  // namespace llmbox
