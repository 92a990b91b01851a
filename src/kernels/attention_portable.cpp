#include "kernels/attention_over_lanes.h"
#include "kernels/lanes_portable.h"

namespace llmbox {

template <>
AttentionKernels<float> portable_attention_kernels<float>() {
  return AttentionOver<PortableLanes, float>::table();
}

template <>
AttentionKernels<Bf16> portable_attention_kernels<Bf16>() {
  return AttentionOver<PortableLanes, Bf16>::table();
}

}  // namespace llmbox
