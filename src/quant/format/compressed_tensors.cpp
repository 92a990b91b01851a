// compressed-tensors checkpoints (vLLM's): w = (code - zero) scale. float-quantized and int-quantized keep the codes as
// float8 or int8 in `weight`; pack-quantized packs code + 2^(bits - 1) into `weight_packed` int32 (out, in · bits /
// 32), zeros along the outputs. weight_scale is (1), (out, 1) or (out, groups). Scales of activations are not used.
#include <ATen/ATen.h>

#include <set>

#include "core/error.h"
#include "quant/bits.h"
#include "quant/format/format.h"

namespace llmbox {

namespace {

constexpr std::initializer_list<at::ScalarType> kScaleTypes = {at::kBFloat16, at::kHalf, at::kFloat};

/// Bits that the groups of the configuration give to weights.
std::set<int64_t> read_bits(const PackedLayers& layers) {
  std::set<int64_t> bits;
  const Json groups = layers.config().value("config_groups", Json::object());
  for (const auto& [name, group] : groups.items())
    if (group.is_object() && group.contains("weights") && group["weights"].is_object())
      if (const Json n = group["weights"].value("num_bits", Json()); n.is_number_integer())
        bits.insert(n.get<int64_t>());
  for (const int64_t n : bits)
    if (n != 4 && n != 8) fail(layers.where(), "expected num_bits of 4 or 8, got {}", n);
  return bits;
}

void drop_activations(PackedLayers& layers, const std::string& layer) {
  for (const char* end : {".input_scale", ".input_zero_point", ".output_scale", ".output_zero_point"})
    layers.drop(layer + end);
}

/// Scales of a whole tensor, of rows, or of groups of inputs → (out or 1, groups or 1).
at::Tensor take_scales(PackedLayers& layers, const std::string& layer, int64_t out, int64_t in) {
  const std::string name = layer + ".weight_scale";
  at::Tensor scales = layers.take(name, kScaleTypes).to(at::kFloat);
  if (scales.numel() == 1) return scales.view({1, 1});
  if (scales.dim() != 2 || scales.size(0) != out || scales.size(1) < 1 || in % scales.size(1) != 0)
    layers.refuse(name, fmt::format("expected a scale of the tensor, or of {} rows in groups of inputs", out));
  return scales;
}

/// (code - zero) scale with codes (out, in) and scales, zeros (out or 1, groups).
at::Tensor decode(const at::Tensor& codes, const at::Tensor& zeros, const at::Tensor& scales,
                  const at::Tensor& groups) {
  if (groups.defined()) {
    const at::Tensor shifted = zeros.defined() ? codes - zeros.index_select(1, groups) : codes;
    return shifted * scales.index_select(1, groups);
  }
  const at::Tensor grouped = codes.view({codes.size(0), scales.size(1), -1});
  const at::Tensor shifted = zeros.defined() ? grouped - zeros.unsqueeze(2) : grouped;
  return (shifted * scales.unsqueeze(2)).flatten(1);
}

void pack_plain(PackedLayers& layers, const std::string& layer) {
  const at::Tensor codes = layers.take(layer + ".weight", {at::kFloat8_e4m3fn, at::kChar});
  if (codes.dim() != 2) layers.refuse(layer + ".weight", "expected codes in two dimensions");
  const at::Tensor scales = take_scales(layers, layer, codes.size(0), codes.size(1));
  at::Tensor zeros;
  if (layers.has(layer + ".weight_zero_point")) {
    zeros = layers.take(layer + ".weight_zero_point", {at::kChar, at::kFloat8_e4m3fn}).to(at::kFloat);
    if (zeros.numel() != scales.numel()) layers.refuse(layer + ".weight_zero_point", "expected a zero per scale");
    zeros = zeros.view(scales.sizes());
  }
  layers.put(layer + ".weight", codes.sizes().vec(),
             [=] { return decode(codes.to(at::kFloat), zeros, scales, at::Tensor()); });
}

/// The inputs' groups where columns were reordered (act-order); undefined where groups are runs.
at::Tensor take_groups(PackedLayers& layers, const std::string& layer, int64_t in, int64_t n_group) {
  const std::string name = layer + ".weight_g_idx";
  if (!layers.has(name)) return {};
  const at::Tensor groups = layers.take(name, {at::kInt, at::kLong}).to(at::kLong);
  layers.expect_shape(name, groups, {in});
  if (groups.min().item<int64_t>() < 0 || groups.max().item<int64_t>() >= n_group)
    layers.refuse(name, fmt::format("expected groups from 0 to {}, got others", n_group - 1));
  return groups;
}

void pack_words(PackedLayers& layers, const std::string& layer, const std::set<int64_t>& allowed) {
  const at::Tensor words = layers.take(layer + ".weight_packed", {at::kInt});
  const at::Tensor shape = layers.take(layer + ".weight_shape", {at::kLong, at::kInt}).to(at::kLong);
  layers.expect_shape(layer + ".weight_shape", shape, {2});
  const int64_t out = shape[0].item<int64_t>(), in = shape[1].item<int64_t>();
  int bits = 0;
  for (const int64_t n : allowed)
    if (words.dim() == 2 && in > 0 && words.size(1) == (in - 1) / (32 / n) + 1) bits = static_cast<int>(n);
  if (bits == 0 || words.size(0) != out)
    layers.refuse(layer + ".weight_packed", fmt::format("expected the packed codes of a ({}, {}) weight", out, in));
  const at::Tensor scales = take_scales(layers, layer, out, in);
  const at::Tensor groups = take_groups(layers, layer, in, scales.size(1));
  at::Tensor zeros;
  if (layers.has(layer + ".weight_zero_point")) {
    zeros = layers.take(layer + ".weight_zero_point", {at::kInt});
    layers.expect_shape(layer + ".weight_zero_point", zeros, {(out - 1) / (32 / bits) + 1, scales.size(1)});
  }
  const int64_t offset = int64_t{1} << (bits - 1);
  layers.put(layer + ".weight", {out, in}, [=] {
    const at::Tensor codes = unpack_rows(words, bits, in).to(at::kFloat) - offset;
    at::Tensor zero;
    if (zeros.defined()) zero = unpack_columns(zeros, bits, out).to(at::kFloat) - offset;
    return decode(codes, zero, scales, groups);
  });
}

}  // namespace

void pack_compressed_tensors(PackedLayers& layers) {
  const std::string format = layers.config().value("format", "");
  if (format == "pack-quantized") {
    const std::set<int64_t> bits = read_bits(layers);
    for (const std::string& layer : layers.layers_with(".weight_packed")) pack_words(layers, layer, bits);
  } else if (format == "float-quantized" || format == "int-quantized" || format == "naive-quantized") {
    for (const std::string& layer : layers.layers_with(".weight_scale")) pack_plain(layers, layer);
  } else {
    fail(layers.where(), "expected the format pack-quantized, int-quantized or float-quantized, got '{}'", format);
  }
  for (const std::string& layer : layers.layers_with(".input_scale")) drop_activations(layers, layer);
}

}  // namespace llmbox
