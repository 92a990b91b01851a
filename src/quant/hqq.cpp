#include "quant/hqq.h"

#include <ATen/ATen.h>

#include "core/error.h"

namespace llmbox {

namespace {

struct Grid {
  int64_t rows, columns;
};

Grid grid_of(const HqqLayout& layout) {
  const int64_t other = layout.out * layout.in / layout.group;
  return layout.axis == 1 ? Grid{other, layout.group} : Grid{layout.group, other};
}

int parts_of(int bits) { return bits == 3 ? 10 : 8 / bits; }

}  // namespace

bool hqq_words_fit(const at::Tensor& codes, const HqqLayout& layout) {
  const int64_t parts = parts_of(layout.bits);
  const Grid grid = grid_of(layout);
  return codes.scalar_type() == (layout.bits == 3 ? at::kInt : at::kByte) && codes.dim() == 2 &&
         codes.size(0) == (grid.rows + parts - 1) / parts && codes.size(1) == grid.columns;
}

at::Tensor hqq_dequantize(const at::Tensor& codes, const at::Tensor& scale, const at::Tensor& zero,
                          const HqqLayout& layout) {
  CHECK(hqq_words_fit(codes, layout), "{} bits", layout.bits);
  const int parts = parts_of(layout.bits);
  std::vector<at::Tensor> rows;
  for (int part = 0; part < parts; ++part)
    rows.push_back(codes.bitwise_right_shift(layout.bits * (parts - 1 - part)).bitwise_and((1 << layout.bits) - 1));
  const at::Tensor grid = at::cat(rows).slice(0, 0, grid_of(layout).rows).to(at::kFloat);
  return ((grid - zero.to(at::kFloat)) * scale.to(at::kFloat)).reshape({layout.out, layout.in});
}

}  // namespace llmbox
