#include "kernels/bf16.h"

#include <cstring>

#include "tensor/block/block_type.h"

namespace llmbox {

void decode_bf16(const uint8_t* block, float* values) {
  Bf16 value;
  std::memcpy(&value, block, 2);
  *values = to_float(value);
}

void encode_bf16(const float* values, uint8_t* block) {
  Bf16 value;
  from_float(*values, value);
  std::memcpy(block, &value, 2);
}

}  // namespace llmbox
