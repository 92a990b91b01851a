// Q2_K: 16 bytes of scales (low nibble) and minima (high) for 16 values each, 64 bytes of codes, half d and dmin.
// Codes: for each half of 128 values, value 32 j + i lies in bits 2 j of byte i. d scale code - dmin minimum.
#include "tensor/block/block_type.h"
#include "tensor/block/scale.h"

namespace llmbox {

void decode_q2_k(const uint8_t* block, float* values) {
  const uint8_t *scales = block, *codes = block + 16;
  const float d = read_half(block + 80), dmin = read_half(block + 82);
  for (int i = 0; i < 256; ++i) {
    const uint8_t scale = scales[i / 16];
    const int code = codes[i / 128 * 32 + i % 32] >> (i % 128 / 32 * 2) & 3;
    values[i] = d * static_cast<float>(scale & 15) * static_cast<float>(code) - dmin * static_cast<float>(scale >> 4);
  }
}

}  // namespace llmbox
