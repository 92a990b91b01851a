// Q6_K: 128 bytes of low nibbles (of each 128 values the first 64 low, the others high), 64 bytes of high pairs (as the
// codes of Q2_K), 16 signed scales for 16 values each, half d. d scale (code - 32).
#include <algorithm>
#include <cmath>

#include "kernels/kernel_table.h"
#include "tensor/block/block_type.h"
#include "tensor/block/scale.h"

namespace llmbox {

namespace {

/// Where the low nibble and the high pair of value i lie.
struct Place {
  int low_byte, low_shift, high_byte, high_shift;
};

Place place_of(int i) {
  const int half = i / 128, within = i % 128;
  return {half * 64 + within % 64, within / 64 * 4, 128 + half * 32 + within % 32, within / 32 * 2};
}

}  // namespace

void decode_q6_k(const uint8_t* block, float* values) {
  const float d = read_half(block + 208);
  for (int i = 0; i < 256; ++i) {
    const Place at = place_of(i);
    const int code = (block[at.low_byte] >> at.low_shift & 15) | (block[at.high_byte] >> at.high_shift & 3) << 4;
    const auto scale = static_cast<float>(static_cast<int8_t>(block[192 + i / 16]));
    values[i] = d * scale * static_cast<float>(code - 32);
  }
}

void encode_q6_k(const float* values, uint8_t* block) {
  const BlockFitKernels& kernels = kernel_table().block_fit;
  float scales[16], codes[256];
  kernels.symmetric(values, scales);
  const float extreme =
      *std::max_element(scales, scales + 16, [](float a, float b) { return std::abs(a) < std::abs(b); });
  std::fill(block, block + 210, uint8_t{0});
  write_half(extreme / -128, block + 208);
  const float d = read_half(block + 208);
  if (d == 0) return;  // codes of zero with scales of zero
  for (int run = 0; run < 16; ++run) {
    const auto scale = static_cast<int8_t>(nearest(std::clamp(scales[run] / d, -128.0F, 127.0F)));
    block[192 + run] = static_cast<uint8_t>(scale);
    kernels.codes(values + 16 * run, 16, d * static_cast<float>(scale), 0, -32, 31, codes + 16 * run);
  }
  for (int i = 0; i < 256; ++i) {
    const int code = static_cast<int>(codes[i]) + 32;
    const Place at = place_of(i);
    block[at.low_byte] |= static_cast<uint8_t>((code & 15) << at.low_shift);
    block[at.high_byte] |= static_cast<uint8_t>((code >> 4) << at.high_shift);
  }
}

}  // namespace llmbox
