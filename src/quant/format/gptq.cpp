// GPTQ checkpoints (Frantar et al. 2022, as AutoGPTQ and GPTQModel write them): w = (code - zero) scale, scale and zero
// by the group of the input. qweight (in · bits / 32, out) holds one stream of bits down the inputs, qzeros (groups,
// out · bits / 32) one along the outputs; checkpoint_format "gptq" stores zero - 1, "gptq_v2" zero.
#include <ATen/ATen.h>

#include "core/error.h"
#include "quant/bits.h"
#include "quant/format/format.h"

namespace llmbox {

namespace {

struct GptqSettings {
  int bits;
  int64_t group_size;   // -1: one group
  int64_t zero_offset;  // added to the stored zero
};

GptqSettings read_settings(const PackedLayers& layers) {
  GptqSettings settings{static_cast<int>(layers.integer("bits")), layers.integer("group_size", 128), 1};
  if (settings.bits != 2 && settings.bits != 3 && settings.bits != 4 && settings.bits != 8)
    fail(layers.where(), "expected bits of 2, 3, 4 or 8, got {}", settings.bits);
  if (settings.group_size != -1 && settings.group_size <= 0)
    fail(layers.where(), "expected group_size above 0, or -1, got {}", settings.group_size);
  const std::string form = layers.config().value("checkpoint_format", "gptq");
  if (form != "gptq" && form != "gptq_v2")
    fail(layers.where(), "expected checkpoint_format gptq or gptq_v2, got '{}'", form);
  if (form == "gptq_v2") settings.zero_offset = 0;
  return settings;
}

/// The group of each input, int64 (in).
at::Tensor read_groups(PackedLayers& layers, const std::string& layer, int64_t in, int64_t n_group, int64_t size) {
  const std::string name = layer + ".g_idx";
  if (!layers.has(name)) return at::arange(in).div(size == -1 ? in : size, "floor").clamp_max(n_group - 1);
  const at::Tensor groups = layers.take(name, {at::kInt, at::kLong}).to(at::kLong);
  layers.expect_shape(name, groups, {in});
  if (in > 0 && (groups.min().item<int64_t>() < 0 || groups.max().item<int64_t>() >= n_group))
    layers.refuse(name, fmt::format("expected groups from 0 to {}, got others", n_group - 1));
  return groups;
}

void pack_layer(PackedLayers& layers, const GptqSettings& settings, const std::string& layer) {
  const at::Tensor codes = layers.take(layer + ".qweight", {at::kInt});
  const at::Tensor zeros = layers.take(layer + ".qzeros", {at::kInt});
  const at::Tensor scales = layers.take(layer + ".scales", {at::kHalf, at::kBFloat16, at::kFloat});
  if (codes.dim() != 2 || scales.dim() != 2 || codes.size(0) * 32 % settings.bits != 0)
    layers.refuse(layer + ".qweight", fmt::format("expected codes of {} bits in two dimensions", settings.bits));
  const int64_t in = codes.size(0) * 32 / settings.bits, out = codes.size(1), n_group = scales.size(0);
  layers.expect_shape(layer + ".scales", scales, {n_group, out});
  layers.expect_shape(layer + ".qzeros", zeros, {n_group, out * settings.bits / 32});
  if (settings.group_size > 0 && n_group < (in + settings.group_size - 1) / settings.group_size)
    layers.refuse(layer + ".scales",
                  fmt::format("expected {} groups of {} inputs, got {}",
                              (in + settings.group_size - 1) / settings.group_size, settings.group_size, n_group));
  const at::Tensor groups = read_groups(layers, layer, in, n_group, settings.group_size);
  layers.put(layer + ".weight", {out, in}, [=] {
    const at::Tensor code = unpack_columns(codes, settings.bits, in).to(at::kFloat);           // (in, out)
    const at::Tensor zero = unpack_columns(zeros.t(), settings.bits, out).to(at::kFloat).t();  // (groups, out)
    const at::Tensor shift = (zero + settings.zero_offset).index_select(0, groups);
    return ((code - shift) * scales.to(at::kFloat).index_select(0, groups)).t();
  });
}

}  // namespace

void pack_gptq(PackedLayers& layers) {
  const GptqSettings settings = read_settings(layers);
  for (const std::string& layer : layers.layers_with(".qweight")) pack_layer(layers, settings, layer);
}

}  // namespace llmbox
