// TQ1_0: five ternary digits a byte: 32 bytes for 160 values, 16 for 80, then four bytes of four digits; half d. Digit
// j of byte b is the top of b 3^j taken as a fraction of 256. d (digit - 1).
#include "tensor/block/block_type.h"
#include "tensor/block/scale.h"

namespace llmbox {

namespace {

constexpr uint8_t kPowers[5] = {1, 3, 9, 27, 81};

float digit(uint8_t byte, int j) {
  const auto fraction = static_cast<uint8_t>(byte * kPowers[j]);
  return static_cast<float>((fraction * 3 >> 8) - 1);
}

}  // namespace

void decode_tq1_0(const uint8_t* block, float* values) {
  const float d = read_half(block + 52);
  int i = 0;
  for (int j = 0; j < 5; ++j)
    for (int b = 0; b < 32; ++b) values[i++] = d * digit(block[b], j);
  for (int j = 0; j < 5; ++j)
    for (int b = 32; b < 48; ++b) values[i++] = d * digit(block[b], j);
  for (int j = 0; j < 4; ++j)
    for (int b = 48; b < 52; ++b) values[i++] = d * digit(block[b], j);
}

}  // namespace llmbox
