// The bfloat16 of the kernels: the upper half of a float. Conversion from float rounds to the nearest even.
#pragma once

#include <cstdint>
#include <cstring>

namespace llmbox {

struct Bf16 {
  uint16_t bits;
};

inline float to_float(float x) { return x; }
inline float to_float(Bf16 x) {
  const uint32_t wide = static_cast<uint32_t>(x.bits) << 16;
  float result;
  std::memcpy(&result, &wide, sizeof result);
  return result;
}

inline void from_float(float x, float& result) { result = x; }
inline void from_float(float x, Bf16& result) {
  uint32_t bits;
  std::memcpy(&bits, &x, sizeof bits);
  const bool is_nan = (bits & 0x7fffffffu) > 0x7f800000u;
  result.bits = static_cast<uint16_t>(is_nan ? (bits >> 16) | 0x40u : (bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16);
}

}  // namespace llmbox
