// Q4_K: half d and dmin, eight six-bit scales and minima in 12 bytes, 128 bytes of codes: of each run of 64 values the
// first 32 lie in the low nibbles of 32 bytes, the others in the high ones. d scale code - dmin minimum.
#include <algorithm>

#include "tensor/block/affine_fit.h"
#include "tensor/block/block_type.h"
#include "tensor/block/scale.h"

namespace llmbox {

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
  AffineFit fits[8];
  float largest_scale = 0, largest_minimum = 0;
  for (int run = 0; run < 8; ++run) {
    fits[run] = fit_affine({values + 32 * run, 32}, 15);
    largest_scale = std::max(largest_scale, fits[run].scale);
    largest_minimum = std::max(largest_minimum, fits[run].minimum);
  }
  write_half(largest_scale / 63, block);
  write_half(largest_minimum / 63, block + 2);
  const float d = read_half(block), dmin = read_half(block + 2);
  SixBitPairs pairs{};
  std::fill(block + 16, block + 144, uint8_t{0});
  for (int run = 0; run < 8; ++run) {
    pairs.scale[run] = static_cast<uint8_t>(nearest_code(fits[run].scale, d, 63));
    pairs.minimum[run] = static_cast<uint8_t>(nearest_code(fits[run].minimum, dmin, 63));
    const float scale = d * static_cast<float>(pairs.scale[run]),
                minimum = dmin * static_cast<float>(pairs.minimum[run]);
    for (int i = 0; i < 32; ++i) {
      const int code = nearest_code(values[32 * run + i] + minimum, scale, 15);
      block[16 + run / 2 * 32 + i] |= static_cast<uint8_t>(code << (run % 2 * 4));
    }
  }
  write_six_bit_pairs(pairs, block + 4);
}

}  // namespace llmbox
