// Which tensor gets which block type, and the file written.
#include <ATen/ATen.h>
#include <fmt/ranges.h>

#include "arch/shape/rope.h"
#include "arch/spec.h"
#include "core/error.h"
#include "core/near_name.h"
#include "model/gguf/config.h"
#include "model/gguf/layout.h"
#include "model/gguf/model.h"

namespace llmbox {

namespace {

constexpr GgufPreset kPresets[] = {{"f32", 0, "F32", "F32", false},     {"f16", 1, "F16", "F16", false},
                                   {"bf16", 32, "BF16", "BF16", false}, {"q8_0", 7, "Q8_0", "Q8_0", false},
                                   {"q4_0", 2, "Q4_0", "Q6_K", false},  {"q4_k_m", 15, "Q4_K", "Q6_K", true},
                                   {"q6_k", 18, "Q6_K", "Q6_K", false}};

/// Layers whose value and down matrices deserve more bits: the first and last eighth and every third between.
bool is_sensitive_layer(int64_t layer, int64_t n_layer) {
  return layer < n_layer / 8 || layer >= 7 * n_layer / 8 || (layer - n_layer / 8) % 3 == 2;
}

/// A smaller block, then none, where the rows cannot be cut into blocks of the type.
const BlockType* fitting(const char* name, int64_t row) {
  for (const char* candidate : {name, "Q8_0", "F16"})
    if (const BlockType* type = find_block_type(candidate); row % type->values == 0) return type;
  return find_block_type("F32");
}

/// Biases, norms, routers and what llama.cpp does not multiply by as a matrix stay exact, as it wants them.
bool is_small(const std::string& gguf) {
  constexpr const char* kEnds[] = {".bias",
                                   "_norm.weight",
                                   "ffn_gate_inp.weight",
                                   "attn_rel_b.weight",
                                   "altup_router.weight",
                                   "altup_predict_coef.weight",
                                   "altup_correct_coef.weight",
                                   "ssm_a",
                                   "ssm_d",
                                   "ssm_conv1d.weight",
                                   "shortconv.conv.weight",
                                   "time_mix_first.weight",
                                   "time_mix_lerp_fused.weight"};
  for (const char* end : kEnds)
    if (gguf.ends_with(end)) return true;
  // RWKV's low-rank parts: time_mix_w1, time_mix_decay_w2 …
  return gguf.find(".time_mix_") != std::string::npos && (gguf.ends_with("1.weight") || gguf.ends_with("2.weight"));
}

const BlockType* choose_type(const GgufPreset& preset, const std::string& gguf, const std::vector<int64_t>& shape,
                             const ModelSpec& spec) {
  if (shape.size() < 2 || is_small(gguf)) return find_block_type("F32");
  const int64_t row = shape.back();
  const bool is_head = gguf == "output.weight" || (gguf == "token_embd.weight" && spec.tied_head);
  if (is_head) return fitting(preset.head_type, row);
  if (!preset.mixed || !gguf.starts_with("blk.")) return fitting(preset.matrix_type, row);
  const bool is_sensitive =
      gguf.ends_with(".attn_v.weight") || gguf.ends_with(".ffn_down.weight") || gguf.ends_with(".ffn_down_exps.weight");
  const int64_t layer = std::atoll(gguf.c_str() + 4);
  return fitting(is_sensitive && is_sensitive_layer(layer, spec.n_layer()) ? "Q6_K" : preset.matrix_type, row);
}

const GgufFamily& family_of_model(const ModelFiles& files, const ModelSpec& spec) {
  const GgufFamily* family = find_gguf_family_of_model(spec.model_type);
  if (family) return *family;
  std::vector<std::string> names;
  for (const GgufFamily& known : gguf_families()) names.emplace_back(known.model_type);
  fail(files.path.string(), "expected a model_type that GGUF export knows, got '{}'; try {}", spec.model_type,
       near_names(spec.model_type, names, 1));
}

/// A hub tensor as its file would have it.
at::Tensor fetch(const ModelFiles& files, const ModelSpec& spec, const HubTensor& tensor, std::string hub) {
  // Files of a bare model leave the prefix out.
  const bool bare = !files.packed.contains(hub) && !files.weights.contains(hub) && hub.starts_with(spec.base_prefix);
  if (bare) hub = hub.substr(spec.base_prefix.size());
  const auto packed = files.packed.find(hub);
  const bool is_packed = packed != files.packed.end();
  at::Tensor values =
      is_packed ? packed->second->dequantize_once() : find_weight(files.weights, hub, files.path.string()).read_once();
  if (is_packed && tensor.turned) values = values.t();  // packed weights are (out, in)
  if (values.sizes() != tensor.shape)
    fail(files.path.string() + ": " + hub, "expected shape [{}] by config.json, got [{}]",
         fmt::join(tensor.shape, ", "), fmt::join(values.sizes(), ", "));
  return values;
}

GgufOutput factors_output(const char* name, const at::Tensor& factors) {
  return {name, find_block_type("F32"), factors.sizes().vec(), [factors] { return factors; }};
}

/// The divisors of the rotary frequencies, where llama.cpp has no rule for the scaling.
std::vector<GgufOutput> rotary_divisors(const ModelSpec& spec) {
  if (spec.ropes.empty()) return {};
  const RopeSpec& rope = spec.ropes[0];
  if (rope.scaling == RopeScaling::longrope)
    return {factors_output(kShortFactors, at::tensor(at::ArrayRef<double>(rope.short_factors), at::kFloat)),
            factors_output(kLongFactors, at::tensor(at::ArrayRef<double>(rope.long_factors), at::kFloat))};
  if (rope.scaling != RopeScaling::llama3) return {};
  RopeSpec plain = rope;
  plain.scaling = RopeScaling::none;
  const auto scaled = rope_frequencies(rope, 1), unscaled = rope_frequencies(plain, 1);
  return {factors_output(kDivisors, at::tensor(at::ArrayRef<float>(unscaled), at::kFloat) /
                                        at::tensor(at::ArrayRef<float>(scaled), at::kFloat))};
}

}  // namespace

const GgufPreset& find_gguf_preset(const std::string& name) {
  std::vector<std::string> names;
  for (const GgufPreset& preset : kPresets) {
    if (name == preset.name) return preset;
    names.emplace_back(preset.name);
  }
  fail("export", "expected a GGUF type (f32, f16, bf16, q8_0, q4_0, q4_k_m, q6_k), got '{}'; try {}", name,
       near_names(name, names, 1));
}

void save_gguf_model(const std::filesystem::path& path, const ModelFiles& files, const GgufExport& options) {
  const GgufPreset& preset = find_gguf_preset(options.type);
  const ModelSpec spec = parse_model_spec(files.config, files.path.string());
  const GgufFamily& family = family_of_model(files, spec);
  const GgufLayout layout = gguf_layout(spec, family);
  GgufEntries metadata = gguf_metadata(files.config, spec, family);
  metadata.emplace_back("general.file_type", preset.file_type);
  metadata.insert(metadata.end(), options.extra.begin(), options.extra.end());
  const bool has_tokenizer = std::any_of(options.extra.begin(), options.extra.end(),
                                         [](const auto& entry) { return entry.first == "tokenizer.ggml.model"; });
  if (!has_tokenizer) metadata.emplace_back("tokenizer.ggml.model", std::string("none"));  // llama.cpp wants a word
  std::vector<GgufOutput> outputs = rotary_divisors(spec);
  for (const GgufTensor& tensor : layout.gguf)
    outputs.push_back({tensor.name, choose_type(preset, tensor.name, tensor.shape, spec), tensor.shape, [&] {
                         std::vector<at::Tensor> parts;
                         for (const std::string& hub : tensor.parts)
                           parts.push_back(fetch(files, spec, layout.hub.at(hub), hub));
                         return tensor.join ? tensor.join(parts) : parts[0];
                       }});
  save_gguf(path, metadata, outputs);
}

}  // namespace llmbox
