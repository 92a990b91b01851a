// bitsandbytes checkpoints as transformers writes them. 8 bits: weight int8 (out, in), SCB float32 (out): w = code ·
// SCB / 127 (Dettmers et al. 2022). 4 bits (Dettmers et al. 2023): weight uint8 (n / 2, 1), row-major, the first value
// in the high nibble; w = quant_map[code] · absmax of each block. With double quantization absmax is a code itself:
// nested_quant_map[code] · nested_absmax + nested_offset.
#include <ATen/ATen.h>

#include "core/error.h"
#include "quant/format/format.h"

namespace llmbox {

namespace {

constexpr const char* kEndState = ".quant_state.bitsandbytes__";

void pack_8_bits(PackedLayers& layers, const std::string& layer) {
  const at::Tensor codes = layers.take(layer + ".weight", {at::kChar});
  const at::Tensor scales = layers.take(layer + ".SCB", {at::kFloat});
  layers.drop(layer + ".weight_format");
  if (codes.dim() != 2) layers.refuse(layer + ".weight", "expected codes in two dimensions");
  layers.expect_shape(layer + ".SCB", scales, {codes.size(0)});
  layers.put(layer + ".weight", codes.sizes().vec(), [=] { return codes.to(at::kFloat) * scales.unsqueeze(1) / 127; });
}

struct BlockState {
  std::vector<int64_t> shape;
  int64_t block = 64;
  int64_t nested_block = 256;
  float nested_offset = 0;
};

/// The state is a JSON text as a tensor of bytes.
BlockState read_state(PackedLayers& layers, const std::string& name) {
  const at::Tensor bytes = layers.take(name, {at::kByte}).contiguous();
  const std::string_view text(reinterpret_cast<const char*>(bytes.data_ptr()), bytes.nbytes());
  const Json json = parse_json(text, name);
  BlockState state;
  try {
    state.shape = json.at("shape").get<std::vector<int64_t>>();
    state.block = json.at("blocksize").get<int64_t>();
    state.nested_block = json.value("nested_blocksize", state.nested_block);
    state.nested_offset = json.value("nested_offset", 0.0f);
  } catch (const Json::exception& error) {
    layers.refuse(name, fmt::format("expected shape and blocksize of a quantized weight, got '{}'", error.what()));
  }
  if (state.shape.size() != 2 || state.shape[0] < 1 || state.shape[1] < 1 || state.block < 1 || state.nested_block < 1)
    layers.refuse(name, fmt::format("expected a matrix in blocks, got {}", text));
  return state;
}

/// One value per block: counts must fit exactly.
at::Tensor take_blocks(PackedLayers& layers, const std::string& name, int64_t n, int64_t block, at::ScalarType type) {
  const at::Tensor values = layers.take(name, {type});
  layers.expect_shape(name, values, {(n + block - 1) / block});
  return values;
}

at::Tensor take_map(PackedLayers& layers, const std::string& name, int64_t size) {
  const at::Tensor map = layers.take(name, {at::kFloat});
  layers.expect_shape(name, map, {size});
  return map;
}

/// values (blocks), each for `block` in a row → one for each of n.
at::Tensor spread(const at::Tensor& values, int64_t block, int64_t n) {
  return values.repeat_interleave(block).slice(0, 0, n);
}

void pack_4_bits(PackedLayers& layers, const std::string& name, const std::string& state_name) {
  const BlockState state = read_state(layers, state_name);
  int64_t n = 0;
  if (__builtin_mul_overflow(state.shape[0], state.shape[1], &n) || n % 2 != 0)
    layers.refuse(state_name, "expected a matrix of a sensible, even size");
  const at::Tensor codes = layers.take(name, {at::kByte});
  if (codes.numel() != n / 2)
    layers.refuse(name, fmt::format("expected {} bytes for {} values, got {}", n / 2, n, codes.numel()));
  const at::Tensor map = take_map(layers, name + ".quant_map", 16);
  const bool nested = layers.has(name + ".nested_absmax");
  const int64_t n_block = (n + state.block - 1) / state.block;
  const at::Tensor absmax = take_blocks(layers, name + ".absmax", n, state.block, nested ? at::kByte : at::kFloat);
  at::Tensor nested_map, nested_absmax;
  if (nested) {
    nested_map = take_map(layers, name + ".nested_quant_map", 256);
    nested_absmax = take_blocks(layers, name + ".nested_absmax", n_block, state.nested_block, at::kFloat);
  }
  layers.put(name, state.shape, [=] {
    at::Tensor scales = absmax;
    if (nested)
      scales = nested_map.index({absmax.to(at::kLong)}) * spread(nested_absmax, state.nested_block, n_block) +
               state.nested_offset;
    const at::Tensor bytes = codes.flatten();
    const at::Tensor nibbles = at::stack({bytes.bitwise_right_shift(4), bytes.bitwise_and(15)}, 1).flatten();
    return (map.index({nibbles.to(at::kLong)}) * spread(scales, state.block, n)).view(state.shape);
  });
}

}  // namespace

void pack_bitsandbytes(PackedLayers& layers) {
  for (const std::string& layer : layers.layers_with(".SCB")) pack_8_bits(layers, layer);
  for (const char* kind : {"nf4", "fp4"}) {
    const std::string end = std::string(kEndState) + kind;
    for (const std::string& name : layers.layers_with(end)) pack_4_bits(layers, name, name + end);
  }
}

}  // namespace llmbox
