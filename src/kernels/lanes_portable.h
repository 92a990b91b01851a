// Sixteen floats as a plain array, under the names of lanes_avx512.h. Kernels are written once over either; the
// compiler makes of these loops what the base instruction set allows.
#pragma once

#include <cmath>
#include <cstdint>

#include "kernels/bf16.h"

namespace llmbox {

struct PortableLanes {
  struct F {
    float v[16];
  };
  struct Pairs {
    uint32_t v[16];
  };

  template <class Op>
  static F each(Op op) {
    F r;
    for (int i = 0; i < 16; ++i) r.v[i] = op(i);
    return r;
  }

  static F set(float x) {
    return each([&](int) { return x; });
  }
  template <class T>
  static F load(const T* p, int64_t n = 16) {
    return each([&](int i) { return i < n ? to_float(p[i]) : 0.0f; });
  }
  template <class T>
  static void store(T* p, const F& x, int64_t n = 16) {
    for (int i = 0; i < n; ++i) from_float(x.v[i], p[i]);
  }

  static F add(const F& a, const F& b) {
    return each([&](int i) { return a.v[i] + b.v[i]; });
  }
  static F sub(const F& a, const F& b) {
    return each([&](int i) { return a.v[i] - b.v[i]; });
  }
  static F mul(const F& a, const F& b) {
    return each([&](int i) { return a.v[i] * b.v[i]; });
  }
  static F div(const F& a, const F& b) {
    return each([&](int i) { return a.v[i] / b.v[i]; });
  }
  static F max(const F& a, const F& b) {
    return each([&](int i) { return a.v[i] > b.v[i] ? a.v[i] : b.v[i]; });
  }
  static F min(const F& a, const F& b) {
    return each([&](int i) { return a.v[i] < b.v[i] ? a.v[i] : b.v[i]; });
  }
  static F fma(const F& a, const F& b, const F& c) {  // a·b + c
    return each([&](int i) { return a.v[i] * b.v[i] + c.v[i]; });
  }
  static F fnma(const F& a, const F& b, const F& c) {  // c - a·b
    return each([&](int i) { return c.v[i] - a.v[i] * b.v[i]; });
  }
  static F round(const F& a) {
    return each([&](int i) { return std::nearbyint(a.v[i]); });
  }
  static F ldexp(const F& a, const F& n) {  // a · 2ⁿ, n whole
    return each([&](int i) { return std::ldexp(a.v[i], static_cast<int>(n.v[i])); });
  }
  static float sum(const F& a) {
    float total = 0;
    for (float x : a.v) total += x;
    return total;
  }
  /// The sums of a, b, c and d.
  static void store_sums(float* to, const F& a, const F& b, const F& c, const F& d) {
    to[0] = sum(a), to[1] = sum(b), to[2] = sum(c), to[3] = sum(d);
  }
  static float largest(const F& a) {
    float top = a.v[0];
    for (float x : a.v) top = x > top ? x : top;
    return top;
  }
  static bool all_equal(const F& a, const F& b) {
    bool same = true;
    for (int i = 0; i < 16; ++i) same &= a.v[i] == b.v[i];
    return same;
  }
  /// x where low ≤ at < high, else `other`.
  static F keep_within(const F& x, const F& at, float low, float high, const F& other) {
    return each([&](int i) { return at.v[i] >= low && at.v[i] < high ? x.v[i] : other.v[i]; });
  }

  // Units: what one step of a product takes from each operand. float: one k; uint32_t: two k of bf16.
  static F load_unit(const float* p) { return load(p); }
  static F spread_unit(const float* p) { return set(*p); }
  static F multiply_add(const F& sum, const F& a, const F& b) { return fma(a, b, sum); }
  static Pairs load_unit(const uint32_t* p) {
    Pairs r;
    std::memcpy(r.v, p, sizeof r.v);
    return r;
  }
  static Pairs spread_unit(const uint32_t* p) {
    uint32_t pair;
    std::memcpy(&pair, p, sizeof pair);
    Pairs r;
    for (uint32_t& x : r.v) x = pair;
    return r;
  }
  static F multiply_add(const F& sum, const Pairs& a, const Pairs& b) {
    return each([&](int i) { return sum.v[i] + even(a.v[i]) * even(b.v[i]) + odd(a.v[i]) * odd(b.v[i]); });
  }
  /// Two rows of 16 values as 16 units: row `a` in the even places of k, row `b` in the odd ones.
  static void store_units(uint32_t* p, const F& a, const F& b) {
    for (int i = 0; i < 16; ++i) {
      Bf16 low, high;
      from_float(a.v[i], low);
      from_float(b.v[i], high);
      p[i] = low.bits | static_cast<uint32_t>(high.bits) << 16;
    }
  }

 private:
  static float even(uint32_t pair) { return to_float(Bf16{static_cast<uint16_t>(pair)}); }
  static float odd(uint32_t pair) { return to_float(Bf16{static_cast<uint16_t>(pair >> 16)}); }
};

}  // namespace llmbox
