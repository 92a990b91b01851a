// HQQ's packed codes (Badri and Shaji 2023): w = (code - zero) scale over the matrix as (-1, group) (axis 1) or (group,
// -1) (axis 0). Rows of codes are packed by strides: the first part of the rows in the highest bits of the first words.
#pragma once

#include <ATen/core/Tensor.h>

namespace llmbox {

struct HqqLayout {
  int bits = 4;  // 8, 4, 3, 2 or 1; 3 bits: ten codes in an int32, else 8 / bits in a byte
  int axis = 1;
  int64_t group = 64;
  int64_t out = 0, in = 0;
};

/// Codes → float32 (out, in). Requires: hqq_words_fit(codes, layout).
at::Tensor hqq_dequantize(const at::Tensor& codes, const at::Tensor& scale, const at::Tensor& zero,
                          const HqqLayout& layout);

/// True where type and size of the codes are those of the layout.
bool hqq_words_fit(const at::Tensor& codes, const HqqLayout& layout);

}  // namespace llmbox
