// Sixteen floats in one AVX-512 register, under the names of lanes_portable.h. Kernels are written once over either.
// Only files named *_avx512.cpp may include this. The product of units takes pairs of bf16 (vdpbf16ps) or single
// floats.
#pragma once

#include <immintrin.h>

#include "kernels/bf16.h"

namespace llmbox {

struct Avx512Lanes {
  using F = __m512;
  static __mmask16 first(int64_t n) { return static_cast<__mmask16>((1u << n) - 1u); }

  static F set(float x) { return _mm512_set1_ps(x); }
  static F load(const float* p) { return _mm512_loadu_ps(p); }
  static F load(const float* p, int64_t n) { return _mm512_maskz_loadu_ps(first(n), p); }
  static F load(const Bf16* p) { return widen(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p))); }
  static F load(const Bf16* p, int64_t n) { return widen(_mm256_maskz_loadu_epi16(first(n), p)); }
  static void store(float* p, F x) { _mm512_storeu_ps(p, x); }
  static void store(float* p, F x, int64_t n) { _mm512_mask_storeu_ps(p, first(n), x); }
  static void store(Bf16* p, F x) { _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), narrow(x)); }
  static void store(Bf16* p, F x, int64_t n) { _mm256_mask_storeu_epi16(p, first(n), narrow(x)); }

  static F add(F a, F b) { return _mm512_add_ps(a, b); }
  static F sub(F a, F b) { return _mm512_sub_ps(a, b); }
  static F mul(F a, F b) { return _mm512_mul_ps(a, b); }
  static F div(F a, F b) { return _mm512_div_ps(a, b); }
  static F max(F a, F b) { return _mm512_max_ps(a, b); }
  static F min(F a, F b) { return _mm512_min_ps(a, b); }
  static F fma(F a, F b, F c) { return _mm512_fmadd_ps(a, b, c); }    // a·b + c
  static F fnma(F a, F b, F c) { return _mm512_fnmadd_ps(a, b, c); }  // c - a·b
  static F round(F a) { return _mm512_roundscale_ps(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC); }
  static F ldexp(F a, F n) { return _mm512_scalef_ps(a, n); }  // a · 2ⁿ, n whole
  static float sum(F a) { return _mm512_reduce_add_ps(a); }
  /// The sums of a, b, c and d.
  static void store_sums(float* to, F a, F b, F c, F d) {
    const F ab = add(_mm512_unpacklo_ps(a, b), _mm512_unpackhi_ps(a, b));  // a b a b in every quarter
    const F cd = add(_mm512_unpacklo_ps(c, d), _mm512_unpackhi_ps(c, d));
    const __m512d low = _mm512_unpacklo_pd(_mm512_castps_pd(ab), _mm512_castps_pd(cd));
    const __m512d high = _mm512_unpackhi_pd(_mm512_castps_pd(ab), _mm512_castps_pd(cd));
    const F all = add(_mm512_castpd_ps(low), _mm512_castpd_ps(high));  // a b c d in every quarter
    const __m256 half = _mm256_add_ps(_mm512_castps512_ps256(all), _mm512_extractf32x8_ps(all, 1));
    _mm_storeu_ps(to, _mm_add_ps(_mm256_castps256_ps128(half), _mm256_extractf128_ps(half, 1)));
  }
  static float largest(F a) { return _mm512_reduce_max_ps(a); }
  static bool all_equal(F a, F b) { return _mm512_cmp_ps_mask(a, b, _CMP_NEQ_UQ) == 0; }
  /// x where low ≤ at < high, else `other`.
  static F keep_within(F x, F at, float low, float high, F other) {
    const __mmask16 inside =
        _mm512_cmp_ps_mask(at, set(low), _CMP_GE_OQ) & _mm512_cmp_ps_mask(at, set(high), _CMP_LT_OQ);
    return _mm512_mask_blend_ps(inside, other, x);
  }

  // Units: what one step of a product takes from each operand. float: one k; uint32_t: two k of bf16.
  static F load_unit(const float* p) { return _mm512_loadu_ps(p); }
  static F spread_unit(const float* p) { return _mm512_set1_ps(*p); }
  static F multiply_add(F sum, F a, F b) { return _mm512_fmadd_ps(a, b, sum); }
  static __m512i load_unit(const uint32_t* p) { return _mm512_loadu_si512(p); }
  static __m512i spread_unit(const uint32_t* p) {
    int pair;
    __builtin_memcpy(&pair, p, sizeof pair);
    return _mm512_set1_epi32(pair);
  }
  static F multiply_add(F sum, __m512i a, __m512i b) {
    return _mm512_dpbf16_ps(sum, reinterpret_cast<__m512bh>(a), reinterpret_cast<__m512bh>(b));
  }
  /// Two rows of 16 values as 16 units: row `a` in the even places of k, row `b` in the odd ones.
  static void store_units(uint32_t* p, F a, F b) {
    const __m512i low = _mm512_cvtepu16_epi32(narrow(a));
    const __m512i high = _mm512_slli_epi32(_mm512_cvtepu16_epi32(narrow(b)), 16);
    _mm512_storeu_si512(p, _mm512_or_si512(low, high));
  }

 private:
  static F widen(__m256i x) { return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(x), 16)); }
  static __m256i narrow(F x) { return reinterpret_cast<__m256i>(_mm512_cvtneps_pbh(x)); }
};

}  // namespace llmbox
