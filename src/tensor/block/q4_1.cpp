// Q4_1: half scale d and minimum m, 16 bytes of nibbles as in Q4_0; d code + m.
#include "tensor/block/block_type.h"
#include "tensor/block/scale.h"

namespace llmbox {

void decode_q4_1(const uint8_t* block, float* values) {
  const float d = read_half(block), m = read_half(block + 2);
  for (int i = 0; i < 16; ++i) {
    values[i] = d * static_cast<float>(block[4 + i] & 15) + m;
    values[i + 16] = d * static_cast<float>(block[4 + i] >> 4) + m;
  }
}

}  // namespace llmbox
