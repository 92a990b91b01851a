#include "kernels/lanes_avx512.h"
#include "kernels/product_over_lanes.h"

namespace llmbox {

template <>
ProductKernels<float> avx512_product_kernels<float>() {
  return ProductOver<Avx512Lanes, float>::table();
}

template <>
ProductKernels<Bf16> avx512_product_kernels<Bf16>() {
  return ProductOver<Avx512Lanes, Bf16>::table();
}

}  // namespace llmbox
