// Q4_0: a half scale, then 16 bytes: value i in the low nibble of byte i, value i + 16 in the high one; d (code - 8).
#include <algorithm>
#include <cmath>

#include "tensor/block/block_type.h"
#include "tensor/block/scale.h"

namespace llmbox {

void decode_q4_0(const uint8_t* block, float* values) {
  const float d = read_half(block);
  for (int i = 0; i < 16; ++i) {
    values[i] = d * static_cast<float>((block[2 + i] & 15) - 8);
    values[i + 16] = d * static_cast<float>((block[2 + i] >> 4) - 8);
  }
}

void encode_q4_0(const float* values, uint8_t* block) {
  // The value of the largest size becomes code 0.
  const float* extreme =
      std::max_element(values, values + 32, [](float a, float b) { return std::abs(a) < std::abs(b); });
  const float d = *extreme / -8;
  const float inverse = d == 0 ? 0 : 1 / d;
  const auto code = [&](float value) {
    return static_cast<uint8_t>(std::clamp(static_cast<double>(value) * static_cast<double>(inverse) + 8.5, 0.0, 15.0));
  };
  write_half(d, block);
  for (int i = 0; i < 16; ++i) block[2 + i] = static_cast<uint8_t>(code(values[i]) | code(values[i + 16]) << 4);
}

}  // namespace llmbox
