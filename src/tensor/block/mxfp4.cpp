// MXFP4: one exponent e and 16 bytes of nibbles as in Q4_0, each a 4-bit float times two; 2^(e - 128) level.
#include "tensor/block/block_type.h"
#include "tensor/block/scale.h"

namespace llmbox {

namespace {

constexpr float kLevels[16] = {0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12};

/// 2^(e - 128); the two smallest are subnormal.
float half_power(uint8_t e) {
  const uint32_t bits = e < 2 ? 0x00200000u << e : static_cast<uint32_t>(e - 1) << 23;
  float value;
  std::memcpy(&value, &bits, 4);
  return value;
}

}  // namespace

void decode_mxfp4(const uint8_t* block, float* values) {
  const float d = half_power(block[0]);
  for (int i = 0; i < 16; ++i) {
    values[i] = d * kLevels[block[1 + i] & 15];
    values[i + 16] = d * kLevels[block[1 + i] >> 4];
  }
}

}  // namespace llmbox
