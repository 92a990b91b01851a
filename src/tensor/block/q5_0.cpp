// Q5_0: a half scale, 32 fifth bits (bit i for value i), 16 bytes of nibbles as in Q4_0; d (code - 16).
#include "tensor/block/block_type.h"
#include "tensor/block/scale.h"

namespace llmbox {

void decode_q5_0(const uint8_t* block, float* values) {
  const float d = read_half(block);
  uint32_t fifth;
  std::memcpy(&fifth, block + 2, 4);
  for (int i = 0; i < 16; ++i) {
    const int low = (block[6 + i] & 15) | static_cast<int>(fifth >> i & 1) << 4;
    const int high = block[6 + i] >> 4 | static_cast<int>(fifth >> (i + 16) & 1) << 4;
    values[i] = d * static_cast<float>(low - 16);
    values[i + 16] = d * static_cast<float>(high - 16);
  }
}

}  // namespace llmbox
