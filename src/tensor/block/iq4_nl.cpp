// IQ4_NL: a half scale and 16 bytes of nibbles as in Q4_0, which name levels; d level.
#include "tensor/block/block_type.h"
#include "tensor/block/iq4_values.h"
#include "tensor/block/scale.h"

namespace llmbox {

void decode_iq4_nl(const uint8_t* block, float* values) {
  const float d = read_half(block);
  for (int i = 0; i < 16; ++i) {
    values[i] = d * kIq4Values[block[2 + i] & 15];
    values[i + 16] = d * kIq4Values[block[2 + i] >> 4];
  }
}

}  // namespace llmbox
