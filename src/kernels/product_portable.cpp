#include "kernels/lanes_portable.h"
#include "kernels/product_over_lanes.h"

namespace llmbox {

template <>
ProductKernels<float> portable_product_kernels<float>() {
  return ProductOver<PortableLanes, float>::table();
}

template <>
ProductKernels<Bf16> portable_product_kernels<Bf16>() {
  return ProductOver<PortableLanes, Bf16>::table();
}

}  // namespace llmbox
