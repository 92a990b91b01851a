// The scalars inside blocks: half-precision scales and the six-bit scales and minima of Q4_K and Q5_K.
#pragma once

#include <c10/util/Half.h>

#include <algorithm>
#include <cstdint>
#include <cstring>

namespace llmbox {

inline float read_half(const uint8_t* bytes) {
  uint16_t bits;
  std::memcpy(&bits, bytes, 2);
  return c10::detail::fp16_ieee_to_fp32_value(bits);
}

/// Rounds to the nearest even.
inline void write_half(float value, uint8_t* bytes) {
  const uint16_t bits = c10::detail::fp16_ieee_from_fp32_value(value);
  std::memcpy(bytes, &bits, 2);
}

/// The nearest integer, halves to even, without a call into libm. Requires: |x| ≤ 2^22.
inline float nearest(float x) {
  constexpr float kShift = 12582912.0F;  // 1.5 · 2^23: its unit in the last place is 1
  return (x + kShift) - kShift;
}

/// The nearest integer, halves away from zero; beyond 2^30 that. Requires: no NaN.
inline int32_t nearest_away(float x) {
  constexpr float kMost = 1073741824.0F;
  const float size = std::min(x < 0 ? -x : x, kMost);
  const auto whole = static_cast<int32_t>(size);
  const int32_t rounded = whole + static_cast<int32_t>(2 * (size - static_cast<float>(whole)));
  return x < 0 ? -rounded : rounded;
}

/// Twelve bytes hold eight scales and eight minima of six bits: the first four of each in the low bits of bytes 0–3 and
/// 4–7; the last four in the nibbles of bytes 8–11, their top bits in the top bits of bytes 0–7.
struct SixBitPairs {
  uint8_t scale[8], minimum[8];
};

inline SixBitPairs read_six_bit_pairs(const uint8_t* bytes) {
  SixBitPairs pairs{};
  for (int i = 0; i < 4; ++i) {
    pairs.scale[i] = bytes[i] & 63;
    pairs.minimum[i] = bytes[i + 4] & 63;
    pairs.scale[i + 4] = static_cast<uint8_t>((bytes[i + 8] & 15) | (bytes[i] >> 6) << 4);
    pairs.minimum[i + 4] = static_cast<uint8_t>(bytes[i + 8] >> 4 | (bytes[i + 4] >> 6) << 4);
  }
  return pairs;
}

inline void write_six_bit_pairs(const SixBitPairs& pairs, uint8_t* bytes) {
  for (int i = 0; i < 4; ++i) {
    bytes[i] = static_cast<uint8_t>(pairs.scale[i] | (pairs.scale[i + 4] >> 4) << 6);
    bytes[i + 4] = static_cast<uint8_t>(pairs.minimum[i] | (pairs.minimum[i + 4] >> 4) << 6);
    bytes[i + 8] = static_cast<uint8_t>((pairs.scale[i + 4] & 15) | (pairs.minimum[i + 4] & 15) << 4);
  }
}

}  // namespace llmbox
