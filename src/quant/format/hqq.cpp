// HQQ checkpoints as transformers writes them: LAYER.W_q, .scale, .zero, and the settings of the layer beside them as
// small tensors (nbits, axis, group_size, shape …).
#include "quant/hqq.h"

#include <ATen/ATen.h>

#include "core/error.h"
#include "quant/format/format.h"

namespace llmbox {

namespace {

constexpr std::initializer_list<at::ScalarType> kIntegers = {at::kLong, at::kInt, at::kShort, at::kByte, at::kChar};
constexpr std::initializer_list<at::ScalarType> kFloats = {at::kHalf, at::kBFloat16, at::kFloat};

int64_t take_integer(PackedLayers& layers, const std::string& name) {
  const at::Tensor value = layers.take(name, kIntegers);
  if (value.numel() != 1) layers.refuse(name, fmt::format("expected one integer, got {}", value.numel()));
  return value.item<int64_t>();
}

HqqLayout take_layout(PackedLayers& layers, const std::string& layer) {
  HqqLayout layout;
  layout.bits = static_cast<int>(take_integer(layers, layer + ".nbits"));
  layout.axis = static_cast<int>(take_integer(layers, layer + ".axis"));
  layout.group = take_integer(layers, layer + ".group_size");
  const at::Tensor shape = layers.take(layer + ".shape", kIntegers).to(at::kLong);
  layers.expect_shape(layer + ".shape", shape, {2});
  layout.out = shape[0].item<int64_t>();
  layout.in = shape[1].item<int64_t>();
  const bool known_bits =
      layout.bits == 8 || layout.bits == 4 || layout.bits == 3 || layout.bits == 2 || layout.bits == 1;
  int64_t size = 0;
  if (!known_bits || (layout.axis != 0 && layout.axis != 1) || layout.group < 1 || layout.out < 1 || layout.in < 1 ||
      __builtin_mul_overflow(layout.out, layout.in, &size) || size % layout.group != 0)
    layers.refuse(layer + ".W_q", fmt::format("expected a layout of HQQ, got {} bits, axis {}, groups of {}, ({}, {})",
                                              layout.bits, layout.axis, layout.group, layout.out, layout.in));
  return layout;
}

}  // namespace

void pack_hqq(PackedLayers& layers) {
  for (const std::string& layer : layers.layers_with(".W_q")) {
    const HqqLayout layout = take_layout(layers, layer);
    const at::Tensor codes = layers.take(layer + ".W_q", {at::kByte, at::kInt});
    const at::Tensor scale = layers.take(layer + ".scale", kFloats), zero = layers.take(layer + ".zero", kFloats);
    if (!hqq_words_fit(codes, layout)) layers.refuse(layer + ".W_q", "expected codes of the layer's shape");
    const int64_t n_group = layout.out * layout.in / layout.group;
    const bool by_rows = layout.axis == 1;
    layers.expect_shape(layer + ".scale", scale, {by_rows ? n_group : 1, by_rows ? 1 : n_group});
    layers.expect_shape(layer + ".zero", zero, {by_rows ? n_group : 1, by_rows ? 1 : n_group});
    // What else the layer was made with does not change its values.
    for (const char* end :
         {"channel_wise", "optimize", "round_zero", "unpack_view_dtype", "view_as_float", "packing", "quant_scale",
          "quant_zero", "compute_dtype", "stores_quant_config", "encoded_state_dict", "offload_meta"})
      layers.drop(layer + "." + end);
    layers.put(layer + ".weight", {layout.out, layout.in}, [=] { return hqq_dequantize(codes, scale, zero, layout); });
  }
}

}  // namespace llmbox
