#include "core/thread_pool.h"
#include "tensor/block/block_type.h"

namespace llmbox {

namespace {

constexpr BlockType kBlockTypes[] = {
    {"F32", 0, 1, 4, decode_f32, encode_f32},         {"F16", 1, 1, 2, decode_f16, encode_f16},
    {"BF16", 30, 1, 2, decode_bf16, encode_bf16},     {"Q4_0", 2, 32, 18, decode_q4_0, encode_q4_0},
    {"Q4_1", 3, 32, 20, decode_q4_1, nullptr},        {"Q5_0", 6, 32, 22, decode_q5_0, nullptr},
    {"Q5_1", 7, 32, 24, decode_q5_1, nullptr},        {"Q8_0", 8, 32, 34, decode_q8_0, encode_q8_0},
    {"Q2_K", 10, 256, 84, decode_q2_k, nullptr},      {"Q3_K", 11, 256, 110, decode_q3_k, nullptr},
    {"Q4_K", 12, 256, 144, decode_q4_k, encode_q4_k}, {"Q5_K", 13, 256, 176, decode_q5_k, nullptr},
    {"Q6_K", 14, 256, 210, decode_q6_k, encode_q6_k}, {"IQ4_NL", 20, 32, 18, decode_iq4_nl, nullptr},
    {"IQ4_XS", 23, 256, 136, decode_iq4_xs, nullptr}, {"TQ1_0", 34, 256, 54, decode_tq1_0, nullptr},
    {"TQ2_0", 35, 256, 66, decode_tq2_0, nullptr},    {"MXFP4", 39, 32, 17, decode_mxfp4, nullptr},
};

constexpr int64_t kBlockGrain = 1 << 14;  // values

}  // namespace

std::span<const BlockType> block_types() { return kBlockTypes; }

const BlockType* find_block_type(uint32_t id) {
  for (const BlockType& type : kBlockTypes)
    if (type.id == id) return &type;
  return nullptr;
}

const BlockType* find_block_type(std::string_view name) {
  for (const BlockType& type : kBlockTypes)
    if (type.name == name) return &type;
  return nullptr;
}

void decode_blocks(const BlockType& type, const uint8_t* bytes, int64_t n, float* values) {
  parallel_for(n, kBlockGrain / type.values, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) type.decode(bytes + i * type.block_bytes, values + i * type.values);
  });
}

void encode_blocks(const BlockType& type, const float* values, int64_t n, uint8_t* bytes) {
  parallel_for(n, kBlockGrain / type.values, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) type.encode(values + i * type.values, bytes + i * type.block_bytes);
  });
}

}  // namespace llmbox
