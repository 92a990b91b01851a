#include <cstring>

#include "tensor/block/block_type.h"

namespace llmbox {

void decode_f32(const uint8_t* block, float* values) { std::memcpy(values, block, 4); }

void encode_f32(const float* values, uint8_t* block) { std::memcpy(block, values, 4); }

}  // namespace llmbox
