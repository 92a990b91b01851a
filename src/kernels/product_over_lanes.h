// The kernels of product.h, written once over L = PortableLanes or Avx512Lanes: a tile of 4 of w's rows by up to 6 of x
// is held in registers while k runs, each sum spread over 16 lanes that are added up in the end. Six rows of x stay in
// the first-level cache, the block's rows of w in the second.
#pragma once

#include "kernels/product.h"
#include "kernels/units.h"

namespace llmbox {

template <class L, class T>
struct ProductOver {
  using U = UnitOf<T>;
  static constexpr int64_t kStep = 16 * kUnitSize<T>;  // values of k in one register
  static constexpr int kOutputs = 4, kMaxRows = 6;

  static void block(const ProductArgs<T>& a, const ProductBlock& b) {
    int64_t r = b.row_begin;
    for (; r + kMaxRows <= b.row_end; r += kMaxRows) {
      if (r == b.row_begin) {
        row_group<kMaxRows, true>(a, r, b);
      } else {
        row_group<kMaxRows, false>(a, r, b);
      }
    }
    switch (b.row_end - r) {
      case 5:
        return row_group<5, true>(a, r, b);
      case 4:
        return row_group<4, true>(a, r, b);
      case 3:
        return row_group<3, true>(a, r, b);
      case 2:
        return row_group<2, true>(a, r, b);
      case 1:
        return row_group<1, true>(a, r, b);
      default:
        return;
    }
  }

  static ProductKernels<T> table() { return {.block = block}; }

 private:
  /// kFirst: the rows of w come from memory, not from the cache; the processor's own look-ahead is too short.
  template <int kRows, bool kFirst>
  static void row_group(const ProductArgs<T>& a, int64_t r, const ProductBlock& b) {
    for (int64_t j = b.begin; j < b.end; j += kOutputs) tile<kRows, kFirst>(a, r, j, b.end - j);
  }

  /// The last tile may have fewer than four outputs: it computes its last one again in place of the missing.
  template <int kRows, bool kFirst>
  static void tile(const ProductArgs<T>& a, int64_t r, int64_t j, int64_t outputs) {
    const T* w[kOutputs];
    for (int o = 0; o < kOutputs; ++o) w[o] = a.w + (o < outputs ? j + o : j + outputs - 1) * a.k;
    const T* x = a.x + r * a.k;
    typename L::F sum[kRows][kOutputs];
    for (auto& row : sum)
      for (auto& s : row) s = L::set(0);
    const int64_t whole = a.k / kStep * kStep;
    for (int64_t k = 0; k < whole; k += kStep) {
      decltype(L::load_unit(static_cast<const U*>(nullptr))) right[kOutputs];
      for (int o = 0; o < kOutputs; ++o) {
        if (kFirst) __builtin_prefetch(w[o] + k + 1024 / sizeof(T));
        right[o] = L::load_unit(as_units(w[o] + k));
      }
      for (int i = 0; i < kRows; ++i) {
        const auto left = L::load_unit(as_units(x + i * a.k + k));
        for (int o = 0; o < kOutputs; ++o) sum[i][o] = L::multiply_add(sum[i][o], left, right[o]);
      }
    }
    for (int i = 0; i < kRows; ++i) {
      float total[kOutputs];
      L::store_sums(total, sum[i][0], sum[i][1], sum[i][2], sum[i][3]);
      for (int o = 0; o < kOutputs && o < outputs; ++o) {
        for (int64_t k = whole; k < a.k; ++k) total[o] += to_float(x[i * a.k + k]) * to_float(w[o][k]);
        if (a.bias) total[o] += to_float(a.bias[j + o]);
        from_float(total[o], a.y[(r + i) * a.n + j + o]);
      }
    }
  }
};

}  // namespace llmbox
