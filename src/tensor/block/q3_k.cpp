// Q3_K: 32 bytes of third bits (bit j of byte i for value 32 j + i), 64 bytes of low bits as in Q2_K, 12 bytes of 16
// six-bit scales less 32, half d. Third bit 0 means -4. d scale code.
#include "tensor/block/block_type.h"
#include "tensor/block/scale.h"

namespace llmbox {

void decode_q3_k(const uint8_t* block, float* values) {
  const uint8_t *third = block, *codes = block + 32, *packed = block + 96;
  const float d = read_half(block + 108);
  int scales[16];
  for (int i = 0; i < 16; ++i) {
    const int low = packed[i % 8] >> (i / 8 * 4) & 15;
    const int high = packed[8 + i % 4] >> (i / 4 * 2) & 3;
    scales[i] = (low | high << 4) - 32;
  }
  for (int i = 0; i < 256; ++i) {
    const int low = codes[i / 128 * 32 + i % 32] >> (i % 128 / 32 * 2) & 3;
    const int code = low - ((third[i % 32] >> (i / 32) & 1) ? 0 : 4);
    values[i] = d * static_cast<float>(scales[i / 16]) * static_cast<float>(code);
  }
}

}  // namespace llmbox
