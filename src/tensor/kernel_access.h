// From tensors to the kernels' raw pointers: which tensors our kernels can take, how a dtype becomes a type, and how
// independent pieces of unequal work are shared among ATen's threads. Private to tensor/.
#pragma once

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <atomic>

#include "kernels/kernel_table.h"

namespace llmbox {

/// All on the CPU and of one dtype that has kernels; undefined tensors do not matter.
inline bool kernels_take(std::initializer_list<std::reference_wrapper<const at::Tensor>> tensors) {
  const at::Tensor& first = *tensors.begin();
  const auto type = first.scalar_type();
  if (type != at::kFloat && type != at::kBFloat16) return false;
  for (const at::Tensor& t : tensors) {
    if (t.defined() && (!t.is_cpu() || t.scalar_type() != type)) return false;
  }
  return true;
}

inline bool needs_grad(std::initializer_list<std::reference_wrapper<const at::Tensor>> tensors) {
  if (!at::GradMode::is_enabled()) return false;
  for (const at::Tensor& t : tensors) {
    if (t.defined() && t.requires_grad()) return true;
  }
  return false;
}

/// Calls f with a value of the kernels' type for this dtype: by_type(x, [&](auto type) { using T = decltype(type); …
/// }).
template <class Body>
void by_type(const at::Tensor& tensor, const Body& body) {
  if (tensor.scalar_type() == at::kBFloat16) {
    body(Bf16{});
  } else {
    body(float{});
  }
}

template <class T>
const T* pointer(const at::Tensor& t) {
  return t.defined() ? static_cast<const T*>(t.const_data_ptr()) : nullptr;
}
template <class T>
T* mutable_pointer(const at::Tensor& t) {
  return t.defined() ? static_cast<T*>(t.mutable_data_ptr()) : nullptr;
}

/// Rows a thread should take at least, so that a piece is worth handing over.
inline int64_t row_grain(int64_t width) { return std::max<int64_t>(1, 16384 / std::max<int64_t>(1, width)); }

/// f(i) for i in [0, n), each once; threads take the next item as they become free.
template <class Item>
void parallel_items(int64_t n, const Item& item) {
  std::atomic<int64_t> next{0};
  const int64_t workers = std::min<int64_t>(n, at::get_num_threads());
  at::parallel_for(0, workers, 1, [&](int64_t, int64_t) {
    for (int64_t i = next++; i < n; i = next++) item(i);
  });
}

}  // namespace llmbox
