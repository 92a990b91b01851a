// Block-scaled float8 (DeepSeek-V3): weight float8 (out, in), weight_scale_inv float32 (out, in each divided by the
// block, rounded up). w = code · scale, in spite of the scale's name; blocks at the edges may be partial.
#include <ATen/ATen.h>

#include "core/error.h"
#include "quant/format/format.h"

namespace llmbox {

namespace {

std::pair<int64_t, int64_t> read_block(const PackedLayers& layers) {
  const Json block = layers.config().value("weight_block_size", Json());
  if (!block.is_array() || block.size() != 2 || !block[0].is_number_integer() || !block[1].is_number_integer() ||
      block[0].get<int64_t>() < 1 || block[1].get<int64_t>() < 1)
    fail(layers.where(), "expected weight_block_size of two positive integers, got {}", block.dump());
  return {block[0].get<int64_t>(), block[1].get<int64_t>()};
}

}  // namespace

void pack_fp8(PackedLayers& layers) {
  const auto [rows, columns] = read_block(layers);
  for (const std::string& name : layers.layers_with("_scale_inv")) {
    const at::Tensor codes = layers.take(name, {at::kFloat8_e4m3fn});
    const at::Tensor scales = layers.take(name + "_scale_inv", {at::kFloat, at::kBFloat16});
    if (codes.dim() != 2) layers.refuse(name, "expected codes in two dimensions");
    const int64_t out = codes.size(0), in = codes.size(1);
    layers.expect_shape(name + "_scale_inv", scales, {(out + rows - 1) / rows, (in + columns - 1) / columns});
    layers.put(name, {out, in}, [=, rows = rows, columns = columns] {
      const at::Tensor tall = scales.to(at::kFloat).repeat_interleave(rows, 0).slice(0, 0, out);
      return codes.to(at::kFloat) * tall.repeat_interleave(columns, 1).slice(1, 0, in);
    });
  }
}

}  // namespace llmbox
