// Q8_0: a half scale and 32 signed bytes; d code.
#include <algorithm>
#include <cmath>

#include "tensor/block/block_type.h"
#include "tensor/block/scale.h"

namespace llmbox {

void decode_q8_0(const uint8_t* block, float* values) {
  const float d = read_half(block);
  for (int i = 0; i < 32; ++i) values[i] = static_cast<float>(static_cast<int8_t>(block[2 + i])) * d;
}

void encode_q8_0(const float* values, uint8_t* block) {
  float largest = 0;
  for (int i = 0; i < 32; ++i) largest = std::max(largest, std::abs(values[i]));
  const float d = largest / 127;
  const float inverse = d == 0 ? 0 : 1 / d;
  write_half(d, block);
  for (int i = 0; i < 32; ++i)
    block[2 + i] = static_cast<uint8_t>(static_cast<int8_t>(nearest_away(values[i] * inverse)));
}

}  // namespace llmbox
