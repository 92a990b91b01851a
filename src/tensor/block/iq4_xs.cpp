// IQ4_XS: half d, eight scales less 32 (16 bits of high pairs, four bytes of low nibbles), eight runs of IQ4_NL codes.
#include "tensor/block/block_type.h"
#include "tensor/block/iq4_values.h"
#include "tensor/block/scale.h"

namespace llmbox {

void decode_iq4_xs(const uint8_t* block, float* values) {
  const float d = read_half(block);
  uint16_t high;
  std::memcpy(&high, block + 2, 2);
  for (int run = 0; run < 8; ++run) {
    const int low = block[4 + run / 2] >> (run % 2 * 4) & 15;
    const float scale = d * static_cast<float>((low | (high >> (2 * run) & 3) << 4) - 32);
    const uint8_t* codes = block + 8 + 16 * run;
    for (int i = 0; i < 16; ++i) {
      values[32 * run + i] = scale * kIq4Values[codes[i] & 15];
      values[32 * run + i + 16] = scale * kIq4Values[codes[i] >> 4];
    }
  }
}

}  // namespace llmbox
