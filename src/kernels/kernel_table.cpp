#include "kernels/kernel_table.h"

#include <cstdlib>
#include <vector>

namespace llmbox {

namespace {

bool has_avx512_bf16() {
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") &&
         __builtin_cpu_supports("avx512bf16");
}

const std::vector<KernelTable>& tables() {
  static const std::vector<KernelTable> all = [] {
    std::vector<KernelTable> found;
    if (has_avx512_bf16()) {
      found.push_back(
          {"avx512",
           {avx512_row_kernels<float>(), avx512_attention_kernels<float>(), avx512_product_kernels<float>()},
           {avx512_row_kernels<Bf16>(), avx512_attention_kernels<Bf16>(), avx512_product_kernels<Bf16>()},
           avx512_block_fit_kernels()});
    }
    found.push_back(
        {"portable",
         {portable_row_kernels<float>(), portable_attention_kernels<float>(), portable_product_kernels<float>()},
         {portable_row_kernels<Bf16>(), portable_attention_kernels<Bf16>(), portable_product_kernels<Bf16>()},
         portable_block_fit_kernels()});
    return found;
  }();
  return all;
}

const KernelTable* wanted_table() {
  const char* name = std::getenv("LLMBOX_KERNELS");
  for (const KernelTable& table : tables()) {
    if (name && table.name == name) return &table;
  }
  return &tables().front();
}

const KernelTable*& current() {
  static const KernelTable* table = wanted_table();
  return table;
}

}  // namespace

const KernelTable& kernel_table() { return *current(); }
std::span<const KernelTable> runnable_kernel_tables() { return tables(); }
void use_kernel_table(const KernelTable& table) { current() = &table; }

}  // namespace llmbox
