// AWQ checkpoints (Lin et al. 2023) in AutoAWQ's GEMM layout: w = (code - zero) scale by group of inputs. qweight (in,
// out / 8) and qzeros (groups, out / 8) hold eight outputs a word; nibble i holds output kOrder[i] of the eight.
#include <ATen/ATen.h>

#include "core/error.h"
#include "quant/bits.h"
#include "quant/format/format.h"

namespace llmbox {

namespace {

/// int32 (n, out / 8) → float32 (n, out).
at::Tensor unpack(const at::Tensor& words) {
  // The nibble that holds output 0, 1, 2, …, 7.
  const at::Tensor nibble = at::tensor({0, 4, 1, 5, 2, 6, 3, 7}, at::kLong);
  const at::Tensor codes = unpack_rows(words, 4, words.size(1) * 8).view({words.size(0), -1, 8});
  return codes.index_select(2, nibble).flatten(1).to(at::kFloat);
}

void pack_layer(PackedLayers& layers, int64_t group_size, const std::string& layer) {
  const at::Tensor codes = layers.take(layer + ".qweight", {at::kInt});
  const at::Tensor zeros = layers.take(layer + ".qzeros", {at::kInt});
  const at::Tensor scales = layers.take(layer + ".scales", {at::kHalf, at::kBFloat16, at::kFloat});
  if (codes.dim() != 2) layers.refuse(layer + ".qweight", "expected codes in two dimensions");
  const int64_t in = codes.size(0), words = codes.size(1), group = group_size == -1 ? in : group_size;
  if (group <= 0 || in % group != 0)
    layers.refuse(layer + ".qweight", fmt::format("expected groups of {} to fill {} inputs", group, in));
  layers.expect_shape(layer + ".scales", scales, {in / group, words * 8});
  layers.expect_shape(layer + ".qzeros", zeros, {in / group, words});
  layers.put(layer + ".weight", {words * 8, in}, [=] {
    const at::Tensor code = unpack(codes).view({in / group, group, words * 8});
    return ((code - unpack(zeros).unsqueeze(1)) * scales.to(at::kFloat).unsqueeze(1)).flatten(0, 1).t();
  });
}

}  // namespace

void pack_awq(PackedLayers& layers) {
  if (const int64_t bits = layers.integer("bits", 4); bits != 4)
    fail(layers.where(), "expected bits of 4, got {}", bits);
  const std::string version = layers.config().value("version", "gemm");
  if (version != "gemm" && version != "GEMM") fail(layers.where(), "expected the version gemm, got '{}'", version);
  const int64_t group_size = layers.integer("group_size", 128);
  for (const std::string& layer : layers.layers_with(".qweight")) pack_layer(layers, group_size, layer);
}

}  // namespace llmbox
