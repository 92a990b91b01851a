// Q5_K: as Q4_K, with 32 bytes of fifth bits before the nibbles: bit j of byte i for value 32 j + i.
#include "tensor/block/block_type.h"
#include "tensor/block/scale.h"

namespace llmbox {

void decode_q5_k(const uint8_t* block, float* values) {
  const float d = read_half(block), dmin = read_half(block + 2);
  const SixBitPairs pairs = read_six_bit_pairs(block + 4);
  for (int i = 0; i < 256; ++i) {
    const int run = i / 32;
    const int low = block[48 + run / 2 * 32 + i % 32] >> (run % 2 * 4) & 15;
    const int code = low | (block[16 + i % 32] >> run & 1) << 4;
    values[i] = d * static_cast<float>(pairs.scale[run]) * static_cast<float>(code) -
                dmin * static_cast<float>(pairs.minimum[run]);
  }
}

}  // namespace llmbox
