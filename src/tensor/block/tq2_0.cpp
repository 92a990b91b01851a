// TQ2_0: 64 bytes of two-bit digits, laid out as the codes of Q2_K, half d; d (digit - 1).
#include "tensor/block/block_type.h"
#include "tensor/block/scale.h"

namespace llmbox {

void decode_tq2_0(const uint8_t* block, float* values) {
  const float d = read_half(block + 64);
  for (int i = 0; i < 256; ++i) {
    const int code = block[i / 128 * 32 + i % 32] >> (i % 128 / 32 * 2) & 3;
    values[i] = d * static_cast<float>(code - 1);
  }
}

}  // namespace llmbox
