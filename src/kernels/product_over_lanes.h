// The kernels of product.h, written once over L = PortableLanes or Avx512Lanes: a tile of 4 weights' rows by up to 4
// rows of x is held in registers while k runs; the row group of x stays in the first-level cache.
#pragma once

#include "kernels/product.h"
#include "kernels/units.h"

namespace llmbox {

template <class L, class T>
struct ProductOver {
  using U = UnitOf<T>;
  static constexpr int64_t kStep = 16 * kUnitSize<T>;  // values of k in one register

  static void skinny(const SkinnyArgs<T>& a, int64_t begin, int64_t end) {
    for (int64_t j = begin; j < end; j += 4) {
      const int64_t outputs = end - j < 4 ? end - j : 4;
      int64_t r = 0;
      for (; r + 4 <= a.rows; r += 4) tile_of_outputs<4>(a, r, j, outputs);
      if (a.rows - r == 3) tile_of_outputs<3>(a, r, j, outputs);
      if (a.rows - r == 2) tile_of_outputs<2>(a, r, j, outputs);
      if (a.rows - r == 1) tile_of_outputs<1>(a, r, j, outputs);
    }
  }

 private:
  template <int kRows>
  static void tile_of_outputs(const SkinnyArgs<T>& a, int64_t r, int64_t j, int64_t outputs) {
    if (outputs == 4) return tile<kRows, 4>(a, r, j);
    for (int64_t i = 0; i < outputs; ++i) tile<kRows, 1>(a, r, j + i);
  }

  template <int kRows, int kOutputs>
  static void tile(const SkinnyArgs<T>& a, int64_t r, int64_t j) {
    typename L::F sum[kRows][kOutputs];
    for (auto& row : sum)
      for (auto& s : row) s = L::set(0);
    const int64_t whole = a.k / kStep * kStep;
    for (int64_t k = 0; k < whole; k += kStep) {
      decltype(L::load_unit(static_cast<const U*>(nullptr))) x[kRows];
      for (int i = 0; i < kRows; ++i) x[i] = L::load_unit(as_units(a.x + (r + i) * a.k + k));
      for (int o = 0; o < kOutputs; ++o) {
        const T* w = a.w + (j + o) * a.k + k;
        __builtin_prefetch(w + 1024 / sizeof(T));
        const auto weight = L::load_unit(as_units(w));
        for (int i = 0; i < kRows; ++i) sum[i][o] = L::multiply_add(sum[i][o], x[i], weight);
      }
    }
    for (int i = 0; i < kRows; ++i) {
      for (int o = 0; o < kOutputs; ++o) {
        const T* x = a.x + (r + i) * a.k;
        const T* w = a.w + (j + o) * a.k;
        float total = L::sum(sum[i][o]);
        for (int64_t k = whole; k < a.k; ++k) total += to_float(x[k]) * to_float(w[k]);
        if (a.bias) total += to_float(a.bias[j + o]);
        from_float(total, a.y[(r + i) * a.n + j + o]);
      }
    }
  }

 public:
  static ProductKernels<T> table() { return {.skinny = skinny}; }
};

}  // namespace llmbox
