// MXFP4 (OCP Microscaling Formats 1.0, as gpt-oss stores experts): NAME_blocks uint8 (experts, out, in / 32, 16) of two
// 4-bit floats, the low nibble first; NAME_scales uint8 (experts, out, in / 32), a power of two: 2^(s - 127). The
// weight NAME is (experts, in, out).
#include <ATen/ATen.h>

#include "quant/format/format.h"

namespace llmbox {

namespace {

/// e2m1: sign, two bits of exponent, one of mantissa.
at::Tensor values_of_codes() {
  return at::tensor({0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0, -0.0, -0.5, -1.0, -1.5, -2.0, -3.0, -4.0, -6.0},
                    at::kFloat);
}

}  // namespace

void pack_mxfp4(PackedLayers& layers) {
  for (const std::string& name : layers.layers_with("_blocks")) {
    const at::Tensor blocks = layers.take(name + "_blocks", {at::kByte});
    const at::Tensor scales = layers.take(name + "_scales", {at::kByte});
    if (blocks.dim() != 4 || blocks.size(3) != 16)
      layers.refuse(name + "_blocks", "expected blocks (experts, out, in / 32, 16)");
    const int64_t experts = blocks.size(0), out = blocks.size(1), in = blocks.size(2) * 32;
    layers.expect_shape(name + "_scales", scales, {experts, out, in / 32});
    layers.put(name, {experts, in, out}, [=] {
      const at::Tensor codes = at::stack({blocks.bitwise_and(15), blocks.bitwise_right_shift(4)}, -1);  // (…, 16, 2)
      const at::Tensor values = values_of_codes().index({codes.to(at::kLong)}).view({experts, out, in / 32, 32});
      const at::Tensor exponent = (scales.to(at::kInt) - 127).unsqueeze(-1);
      return at::ldexp(values, exponent).view({experts, out, in}).transpose(1, 2);
    });
  }
}

}  // namespace llmbox
