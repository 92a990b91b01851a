#include "quant/bits.h"

#include <ATen/ATen.h>

#include "core/error.h"

namespace llmbox {

at::Tensor unpack_columns(const at::Tensor& words, int bits, int64_t n) {
  CHECK(words.scalar_type() == at::kInt && bits >= 1 && bits <= 8 && n * bits <= 32 * words.size(0), "{} bits", bits);
  const at::Tensor source = words.contiguous();
  const int64_t width = source.size(1);
  at::Tensor codes = at::empty({n, width}, at::kByte);
  const auto* from = reinterpret_cast<const uint32_t*>(source.data_ptr<int32_t>());
  uint8_t* to = codes.data_ptr<uint8_t>();
  const uint32_t mask = (1u << bits) - 1;
  for (int64_t i = 0; i < n; ++i) {
    const int64_t word = i * bits / 32;
    const int shift = static_cast<int>(i * bits % 32);
    const uint32_t* low = from + word * width;
    const bool crosses = shift + bits > 32;
    const uint32_t* high = crosses ? low + width : low;
    for (int64_t m = 0; m < width; ++m) {
      const uint32_t value = low[m] >> shift | (crosses ? high[m] << (32 - shift) : 0);
      to[i * width + m] = static_cast<uint8_t>(value & mask);
    }
  }
  return codes;
}

at::Tensor unpack_rows(const at::Tensor& words, int bits, int64_t n) {
  CHECK(words.scalar_type() == at::kInt && 32 % bits == 0 && n * bits <= 32 * words.size(1), "{} bits", bits);
  const at::Tensor source = words.contiguous();
  const int64_t rows = source.size(0), width = source.size(1), per_word = 32 / bits;
  at::Tensor codes = at::empty({rows, n}, at::kByte);
  const auto* from = reinterpret_cast<const uint32_t*>(source.data_ptr<int32_t>());
  uint8_t* to = codes.data_ptr<uint8_t>();
  const uint32_t mask = (1u << bits) - 1;
  for (int64_t row = 0; row < rows; ++row)
    for (int64_t i = 0; i < n; ++i)
      to[row * n + i] = static_cast<uint8_t>(from[row * width + i / per_word] >> (i % per_word * bits) & mask);
  return codes;
}

}  // namespace llmbox
