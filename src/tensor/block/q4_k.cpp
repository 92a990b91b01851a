// Q4_K: half d and dmin, eight six-bit scales and minima in 12 bytes, 128 bytes of codes: of each run of 64 values the
// first 32 lie in the low nibbles of 32 bytes, the others in the high ones. d scale code - dmin minimum.
#include <algorithm>

#include "kernels/kernel_table.h"
#include "tensor/block/block_type.h"
#include "tensor/block/scale.h"

namespace llmbox {

namespace {

/// The multiple of `unit` that is nearest, from 0 to 63.
uint8_t six_bits(float value, float unit) {
  return unit == 0 ? 0 : static_cast<uint8_t>(nearest(std::clamp(value / unit, 0.0F, 63.0F)));
}

}  // namespace

void decode_q4_k(const uint8_t* block, float* values) {
  const float d = read_half(block), dmin = read_half(block + 2);
  const SixBitPairs pairs = read_six_bit_pairs(block + 4);
  for (int i = 0; i < 256; ++i) {
    const int run = i / 32;
    const int code = block[16 + run / 2 * 32 + i % 32] >> (run % 2 * 4) & 15;
    values[i] = d * static_cast<float>(pairs.scale[run]) * static_cast<float>(code) -
                dmin * static_cast<float>(pairs.minimum[run]);
  }
}

void encode_q4_k(const float* values, uint8_t* block) {
  const BlockFitKernels& kernels = kernel_table().block_fit;
  float scales[8], minima[8], codes[256];
  kernels.affine(values, scales, minima);
  write_half(*std::max_element(scales, scales + 8) / 63, block);
  write_half(*std::max_element(minima, minima + 8) / 63, block + 2);
  const float d = read_half(block), dmin = read_half(block + 2);
  SixBitPairs pairs{};
  for (int run = 0; run < 8; ++run) {
    pairs.scale[run] = six_bits(scales[run], d);
    pairs.minimum[run] = six_bits(minima[run], dmin);
    const float scale = d * static_cast<float>(pairs.scale[run]),
                minimum = dmin * static_cast<float>(pairs.minimum[run]);
    kernels.codes(values + 32 * run, 32, scale, minimum, 0, 15, codes + 32 * run);
  }
  write_six_bit_pairs(pairs, block + 4);
  for (int i = 0; i < 128; ++i) {
    const float* low = codes + i / 32 * 64 + i % 32;
    block[16 + i] = static_cast<uint8_t>(static_cast<int>(low[0]) | static_cast<int>(low[32]) << 4);
  }
}

}  // namespace llmbox
