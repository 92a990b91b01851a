#include "tensor/block/block_type.h"
#include "tensor/block/scale.h"

namespace llmbox {

void decode_f16(const uint8_t* block, float* values) { *values = read_half(block); }

void encode_f16(const float* values, uint8_t* block) { write_half(*values, block); }

}  // namespace llmbox
