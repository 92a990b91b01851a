// Q5_1: half scale d and minimum m, 32 fifth bits, 16 bytes of nibbles; d code + m.
#include "tensor/block/block_type.h"
#include "tensor/block/scale.h"

namespace llmbox {

void decode_q5_1(const uint8_t* block, float* values) {
  const float d = read_half(block), m = read_half(block + 2);
  uint32_t fifth;
  std::memcpy(&fifth, block + 4, 4);
  for (int i = 0; i < 16; ++i) {
    const int low = (block[8 + i] & 15) | static_cast<int>(fifth >> i & 1) << 4;
    const int high = block[8 + i] >> 4 | static_cast<int>(fifth >> (i + 16) & 1) << 4;
    values[i] = d * static_cast<float>(low) + m;
    values[i + 16] = d * static_cast<float>(high) + m;
  }
}

}  // namespace llmbox
