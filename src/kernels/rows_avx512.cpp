#include "kernels/lanes_avx512.h"
#include "kernels/rows_over_lanes.h"

namespace llmbox {

template <>
RowKernels<float> avx512_row_kernels<float>() {
  return RowsOver<Avx512Lanes, float>::table();
}

template <>
RowKernels<Bf16> avx512_row_kernels<Bf16>() {
  return RowsOver<Avx512Lanes, Bf16>::table();
}

}  // namespace llmbox
