#include "model/gguf/config.h"

#include <ATen/ATen.h>

#include "arch/spec.h"
#include "core/error.h"
#include "model/gguf/config_rules.h"

namespace llmbox {

namespace {

Json factors_of(const GgufFile& file, const std::string& name) {
  const at::Tensor divisors = decode_tensor(file, name).flatten();
  return std::vector<float>(divisors.data_ptr<float>(), divisors.data_ptr<float>() + divisors.numel());
}

/// The divisors of the rotary frequencies as long-rope factors, which are the same thing: one set, or two by length.
Json rope_from_divisors(const GgufFile& file) {
  const bool two = file.tensors().contains(kShortFactors);
  Json scaling = {{"rope_type", "longrope"},
                  {"short_factor", factors_of(file, two ? kShortFactors : kDivisors)},
                  {"long_factor", factors_of(file, two ? kLongFactors : kDivisors)},
                  {"factor", 1.0},
                  {"attention_factor", 1.0}};
  const std::pair<const char*, const char*> kNumbers[] = {
      {"rope.scaling.original_context_length", "original_max_position_embeddings"},
      {"rope.scaling.attn_factor", "attention_factor"}};
  for (const auto& [gguf, hub] : kNumbers)
    if (const Json number = gguf_number(file, gguf); !number.is_null()) scaling[hub] = number;
  return scaling;
}

Json read_rope_scaling(const GgufFile& file, const std::string& prefix) {
  if (file.tensors().contains(kDivisors) || file.tensors().contains(kShortFactors)) return rope_from_divisors(file);
  const Json& metadata = file.metadata();
  const std::string key = prefix + "rope.scaling.type";
  if (!metadata.contains(key) || metadata[key] == "none") return nullptr;
  if (metadata[key] != "linear" && metadata[key] != "yarn")
    fail(file.path().string() + ": " + key, "expected none, linear or yarn, got another scaling");
  Json scaling = {{"rope_type", metadata[key]}};
  const std::pair<const char*, const char*> kNumbers[] = {
      {"factor", "factor"},
      {"original_context_length", "original_max_position_embeddings"},
      {"attn_factor", "attention_factor"},
      {"yarn_beta_fast", "beta_fast"},
      {"yarn_beta_slow", "beta_slow"}};
  for (const auto& [gguf, hub] : kNumbers)
    if (const Json number = gguf_number(file, std::string("rope.scaling.") + gguf); !number.is_null())
      scaling[hub] = number;
  return scaling;
}

/// The share of each head that is rotated; nothing where the file does not say the head's size. All of it unless said.
std::optional<double> partial_rotary_factor(const GgufFile& file) {
  const auto number = [&](const char* key) {
    const Json value = gguf_number(file, key);
    return value.is_number() ? value.get<double>() : 0.0;
  };
  const double rotated = number("rope.dimension_count"), heads = number("attention.head_count");
  double head_dim = number("attention.key_length");
  if (head_dim == 0 && heads > 0) head_dim = number("embedding_length") / heads;
  if (head_dim <= 0) return std::nullopt;
  return rotated > 0 ? rotated / head_dim : 1.0;
}

/// Options that show in the tensors of the first layers: the hub's flag, and the ends of names of which one is there.
struct Presence {
  const char* hub;
  std::array<const char*, 2> ends;
};
constexpr Presence kPresences[] = {{"attention_bias", {".attn_q.bias", ".attn_qkv.bias"}},
                                   {"add_qkv_bias", {".attn_qkv.bias"}},
                                   {"use_mixed_mlp_moe", {".ffn_up_shexp.weight"}},
                                   {"use_qkv_bias", {".attn_q.bias", ".attn_qkv.bias"}},
                                   {"qkv_bias", {".attn_q.bias"}},
                                   {"attention_out_bias", {".attn_output.bias"}},
                                   {"use_bias", {".attn_output.bias"}},
                                   {"bias", {".attn_output.bias"}},
                                   {"mlp_bias", {".ffn_up.bias"}},
                                   {"qk_layernorm", {".attn_q_norm.weight"}},
                                   {"use_qk_norm", {".attn_q_norm.weight"}}};

bool has_tensor(const GgufFile& file, std::array<const char*, 2> ends) {
  for (const char* end : ends)
    if (end && file.tensors().contains(std::string("blk.0") + end)) return true;
  return false;
}

int64_t vocabulary_size(const GgufFile& file) {
  const auto found = file.tensors().find("token_embd.weight");
  if (found == file.tensors().end() || found->second.shape.size() != 2)
    fail(file.path().string(), "expected the tensor 'token_embd.weight', found none");
  return found->second.shape[0];
}

const char* dtype_of(const GgufFile& file) {
  const BlockType* type = file.tensors().at("token_embd.weight").type;
  if (type && std::string_view(type->name) == "BF16") return "bfloat16";
  return type && std::string_view(type->name) == "F16" ? "float16" : "float32";
}

}  // namespace

Json config_of_gguf(const GgufFile& file, const GgufFamily& family) {
  const Json& metadata = file.metadata();
  if (metadata.contains(kConfigKey) && metadata[kConfigKey].is_string())
    return parse_json(metadata[kConfigKey].get<std::string>(), file.path().string() + ": " + kConfigKey);
  const std::string prefix = std::string(family.architecture) + ".";
  Json config = parse_json(family.fixed, family.model_type);
  config["model_type"] = family.model_type;
  config["vocab_size"] = vocabulary_size(file);
  for (const auto& keys : {family.keys, family.more_keys})
    for (const GgufKey& key : keys)
      if (const Json number = gguf_number(file, key.gguf); !number.is_null()) config[key.hub] = number;
  // Layers that only guess ahead are counted, but are not the model's.
  const Json ahead = gguf_number(file, "nextn_predict_layers"), blocks = gguf_number(file, "block_count");
  if (ahead.is_number_unsigned() && blocks.is_number_unsigned() && ahead < blocks)
    config["num_hidden_layers"] = blocks.get<int64_t>() - ahead.get<int64_t>();
  for (const Presence& flag : kPresences) config[flag.hub] = has_tensor(file, flag.ends);
  if (const Json scaling = read_rope_scaling(file, prefix); !scaling.is_null()) config["rope_scaling"] = scaling;
  if (const auto part = partial_rotary_factor(file)) config["partial_rotary_factor"] = *part;
  config["tie_word_embeddings"] = !file.tensors().contains("output.weight");
  config["torch_dtype"] = dtype_of(file);
  if (config.value("sliding_window", Json()) == 0) config.erase("sliding_window");
  if (family.complete) family.complete(file, config);
  return config;
}

}  // namespace llmbox
