// The one place where an instruction set is chosen: at the first call the best table that this processor can run, or
// the one that the environment variable LLMBOX_KERNELS names (portable, avx512). Tables are constant and thread-safe to
// use.
#pragma once

#include <span>
#include <string_view>

#include "kernels/attention.h"
#include "kernels/block_fit.h"
#include "kernels/product.h"
#include "kernels/rows.h"

namespace llmbox {

template <class T>
struct TypedKernels {
  RowKernels<T> rows;
  AttentionKernels<T> attention;
  ProductKernels<T> product;
};

struct KernelTable {
  std::string_view name;
  TypedKernels<float> f32;
  TypedKernels<Bf16> bf16;
  BlockFitKernels block_fit;

  template <class T>
  const TypedKernels<T>& of() const;
};
template <>
inline const TypedKernels<float>& KernelTable::of<float>() const {
  return f32;
}
template <>
inline const TypedKernels<Bf16>& KernelTable::of<Bf16>() const {
  return bf16;
}

/// The table in use.
const KernelTable& kernel_table();
/// Every table that this processor can run, the best first.
std::span<const KernelTable> runnable_kernel_tables();
/// Puts a table in use (tests and benches). Not to be called while kernels run.
void use_kernel_table(const KernelTable& table);

}  // namespace llmbox
