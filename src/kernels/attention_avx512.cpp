#include "kernels/attention_over_lanes.h"
#include "kernels/lanes_avx512.h"

namespace llmbox {

template <>
AttentionKernels<float> avx512_attention_kernels<float>() {
  return AttentionOver<Avx512Lanes, float>::table();
}

template <>
AttentionKernels<Bf16> avx512_attention_kernels<Bf16>() {
  return AttentionOver<Avx512Lanes, Bf16>::table();
}

}  // namespace llmbox
