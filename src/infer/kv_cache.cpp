#include "infer/kv_cache.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cstring>

namespace llmbox {

namespace {

constexpr int32_t kFirstPages = 64;

/// A new tensor of n_pages that starts with the old one's pages.
at::Tensor enlarged(const at::Tensor& old, int32_t n_pages) {
  auto sizes = old.sizes().vec();
  const int64_t n_old = sizes[0];
  sizes[0] = n_pages;
  at::Tensor grown = at::zeros(sizes, old.options());
  if (n_old > 0) grown.narrow(0, 0, n_old).copy_(old);
  return grown;
}

/// Copies runs of neighbouring slots at once: one memcpy a page in prefill.
void write_rows(at::Tensor& pages, std::span<const int64_t> slots, const at::Tensor& rows) {
  const at::Tensor source = rows.contiguous();
  const size_t row_bytes = source.stride(0) * source.element_size();
  const char* from = static_cast<const char*>(source.const_data_ptr());
  char* to = static_cast<char*>(pages.mutable_data_ptr());
  for (size_t begin = 0, end = 0; begin < slots.size(); begin = end) {
    for (end = begin + 1; end < slots.size() && slots[end] == slots[end - 1] + 1; ++end) {
    }
    std::memcpy(to + slots[begin] * row_bytes, from + begin * row_bytes, (end - begin) * row_bytes);
  }
}

void copy_page_rows(at::Tensor& pages, std::span<const RowCopy> copies) {
  if (!pages.is_cpu()) {
    for (const RowCopy& copy : copies)
      pages[copy.to].narrow(0, 0, copy.n_rows).copy_(pages[copy.from].narrow(0, 0, copy.n_rows));
    return;
  }
  const size_t page_bytes = pages.stride(0) * pages.element_size();
  const size_t row_bytes = pages.stride(1) * pages.element_size();
  char* data = static_cast<char*>(pages.mutable_data_ptr());
  for (const RowCopy& copy : copies)
    std::memcpy(data + copy.to * page_bytes, data + copy.from * page_bytes, copy.n_rows * row_bytes);
}

/// A layer that reads another's keys and values keeps none.
int64_t cached_heads(const AttentionSpec& attention) { return attention.shared_with >= 0 ? 0 : attention.n_kv_head; }

}  // namespace

KvCache::KvCache(const ModelSpec& spec, int32_t page_size, at::TensorOptions options) : page_size_(page_size) {
  for (const LayerSpec& layer : spec.layers) {
    const AttentionSpec& attention = layer.attention;
    keys_.push_back(at::empty({0, page_size, cached_heads(attention), attention.head_dim}, options));
    values_.push_back(at::empty({0, page_size, cached_heads(attention), attention.value_dim()}, options));
  }
}

void KvCache::grow(int32_t n_pages, int32_t capacity) {
  if (keys_.empty() || keys_[0].size(0) >= n_pages) return;
  const auto n_old = static_cast<int32_t>(keys_[0].size(0));
  const int32_t n_new = std::min(capacity, std::max({n_pages, 2 * n_old, kFirstPages}));
  for (size_t layer = 0; layer < keys_.size(); ++layer) {
    keys_[layer] = enlarged(keys_[layer], n_new);
    values_[layer] = enlarged(values_[layer], n_new);
  }
}

void KvCache::write(int layer, std::span<const int64_t> slots, const at::Tensor& k, const at::Tensor& v) {
  at::Tensor& keys = keys_[layer];
  at::Tensor& values = values_[layer];
  if (keys.is_cpu()) {
    write_rows(keys, slots, k);
    write_rows(values, slots, v);
    return;
  }
  const at::Tensor rows = at::tensor(at::ArrayRef<int64_t>(slots.data(), slots.size()), at::kLong).to(keys.device());
  keys.flatten(0, 1).index_copy_(0, rows, k);
  values.flatten(0, 1).index_copy_(0, rows, v);
}

void KvCache::copy_rows(int layer, std::span<const RowCopy> copies) {
  copy_page_rows(keys_[layer], copies);
  copy_page_rows(values_[layer], copies);
}

int64_t KvCache::bytes() const {
  int64_t total = 0;
  for (const auto* tensors : {&keys_, &values_})
    for (const at::Tensor& tensor : *tensors) total += static_cast<int64_t>(tensor.nbytes());
  return total;
}

int64_t KvCache::page_bytes(const ModelSpec& spec, int32_t page_size, at::ScalarType dtype) {
  int64_t per_token = 0;
  for (const LayerSpec& layer : spec.layers)
    per_token += cached_heads(layer.attention) * (layer.attention.head_dim + layer.attention.value_dim());
  return per_token * page_size * static_cast<int64_t>(c10::elementSize(dtype));
}

}  // namespace llmbox
