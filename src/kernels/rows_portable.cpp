#include "kernels/lanes_portable.h"
#include "kernels/rows_over_lanes.h"

namespace llmbox {

template <>
RowKernels<float> portable_row_kernels<float>() {
  return RowsOver<PortableLanes, float>::table();
}

template <>
RowKernels<Bf16> portable_row_kernels<Bf16>() {
  return RowsOver<PortableLanes, Bf16>::table();
}

}  // namespace llmbox
