// The inner product of attention: C (m, n) = [C +] A (m, k) B (k, n), with A in units at any strides, B packed in rows
// of units, C in float. Up to 6×64 of C is held in registers. Every element of C is summed in the order of k alone.
#pragma once

#include "kernels/units.h"

namespace llmbox {

template <class U>
struct TileOperand {
  const U* data;
  int64_t row_stride, k_stride;  // in units
};

struct TileResult {
  float* data;
  int64_t stride;
  bool add;  // to what is there
};

template <class L, class U>
struct TileProduct {
  /// n is a multiple of 16; k counts units; b has rows of b_stride units.
  struct Size {
    int64_t m, n, k;
  };

  static void run(Size size, const TileOperand<U>& a, const U* b, int64_t b_stride, const TileResult& c) {
    int64_t j = 0;
    for (; j + 64 <= size.n; j += 64) columns<4>({size.m, 64, size.k}, a, b + j, b_stride, shift(c, j));
    if (size.n - j == 48) columns<3>({size.m, 48, size.k}, a, b + j, b_stride, shift(c, j));
    if (size.n - j == 32) columns<2>({size.m, 32, size.k}, a, b + j, b_stride, shift(c, j));
    if (size.n - j == 16) columns<1>({size.m, 16, size.k}, a, b + j, b_stride, shift(c, j));
  }

 private:
  static TileResult shift(const TileResult& c, int64_t offset) { return {c.data + offset, c.stride, c.add}; }

  template <int kVectors>
  static void columns(Size size, const TileOperand<U>& a, const U* b, int64_t b_stride, const TileResult& c) {
    int64_t i = 0;
    for (; i + 6 <= size.m; i += 6) block<6, kVectors>(size.k, rows_from(a, i), b, b_stride, shift(c, i * c.stride));
    const TileOperand<U> rest = rows_from(a, i);
    const TileResult to = shift(c, i * c.stride);
    switch (size.m - i) {
      case 5:
        return block<5, kVectors>(size.k, rest, b, b_stride, to);
      case 4:
        return block<4, kVectors>(size.k, rest, b, b_stride, to);
      case 3:
        return block<3, kVectors>(size.k, rest, b, b_stride, to);
      case 2:
        return block<2, kVectors>(size.k, rest, b, b_stride, to);
      case 1:
        return block<1, kVectors>(size.k, rest, b, b_stride, to);
      default:
        return;
    }
  }

  static TileOperand<U> rows_from(const TileOperand<U>& a, int64_t row) {
    return {a.data + row * a.row_stride, a.row_stride, a.k_stride};
  }

  template <int kRows, int kVectors>
  static void block(int64_t k, const TileOperand<U>& a, const U* b, int64_t b_stride, const TileResult& c) {
    typename L::F sum[kRows][kVectors];
    for (int i = 0; i < kRows; ++i) {
      for (int v = 0; v < kVectors; ++v) sum[i][v] = c.add ? L::load(c.data + i * c.stride + 16 * v) : L::set(0);
    }
    for (int64_t p = 0; p < k; ++p) {
      decltype(L::load_unit(b)) right[kVectors];
      for (int v = 0; v < kVectors; ++v) right[v] = L::load_unit(b + p * b_stride + 16 * v);
      for (int i = 0; i < kRows; ++i) {
        const auto left = L::spread_unit(a.data + i * a.row_stride + p * a.k_stride);
        for (int v = 0; v < kVectors; ++v) sum[i][v] = L::multiply_add(sum[i][v], left, right[v]);
      }
    }
    for (int i = 0; i < kRows; ++i) {
      for (int v = 0; v < kVectors; ++v) L::store(c.data + i * c.stride + 16 * v, sum[i][v]);
    }
  }
};

}  // namespace llmbox
