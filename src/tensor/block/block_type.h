// The block types of GGML: how a run of 32 or 256 values lies in bytes. Decoding gives the values that ggml's reference
// gives, bit for bit, in float32. One file per type, one row in table.cpp; types without encode are read only. Pure
// functions over raw memory, no allocation.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <span>
#include <string_view>

namespace llmbox {

struct BlockType {
  const char* name;
  uint32_t id;     // ggml_type in files
  int64_t values;  // of one block
  int64_t block_bytes;
  void (*decode)(const uint8_t* block, float* values);
  void (*encode)(const float* values, uint8_t* block);  // null: read only
};

std::span<const BlockType> block_types();
const BlockType* find_block_type(uint32_t id);            // null: not one of ours
const BlockType* find_block_type(std::string_view name);  // "Q4_0"

/// n blocks; work is shared between threads.
void decode_blocks(const BlockType& type, const uint8_t* bytes, int64_t n, float* values);
void encode_blocks(const BlockType& type, const float* values, int64_t n, uint8_t* bytes);

// The members.
void decode_f32(const uint8_t* block, float* values);
void encode_f32(const float* values, uint8_t* block);
void decode_f16(const uint8_t* block, float* values);
void encode_f16(const float* values, uint8_t* block);
void decode_bf16(const uint8_t* block, float* values);
void encode_bf16(const float* values, uint8_t* block);
void decode_q4_0(const uint8_t* block, float* values);
void encode_q4_0(const float* values, uint8_t* block);
void decode_q4_1(const uint8_t* block, float* values);
void decode_q5_0(const uint8_t* block, float* values);
void decode_q5_1(const uint8_t* block, float* values);
void decode_q8_0(const uint8_t* block, float* values);
void encode_q8_0(const float* values, uint8_t* block);
void decode_q2_k(const uint8_t* block, float* values);
void decode_q3_k(const uint8_t* block, float* values);
void decode_q4_k(const uint8_t* block, float* values);
void encode_q4_k(const float* values, uint8_t* block);
void decode_q5_k(const uint8_t* block, float* values);
void decode_q6_k(const uint8_t* block, float* values);
void encode_q6_k(const float* values, uint8_t* block);
void decode_iq4_nl(const uint8_t* block, float* values);
void decode_iq4_xs(const uint8_t* block, float* values);
void decode_mxfp4(const uint8_t* block, float* values);
void decode_tq1_0(const uint8_t* block, float* values);
void decode_tq2_0(const uint8_t* block, float* values);

}  // namespace llmbox
