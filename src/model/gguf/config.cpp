#include "model/gguf/config.h"

#include <ATen/ATen.h>

#include "arch/spec.h"
#include "core/error.h"

namespace llmbox {

namespace {

/// Floats of the file are shown with the digits that they were written with: 1e-05f is 1e-05, not 9.99999975e-06.
Json number_of(const Json& value) {
  if (!value.is_number_float()) return value;
  return Json::parse(fmt::format("{}", static_cast<float>(value.get<double>())), nullptr, false);
}

Json read_number(const GgufFile& file, const std::string& key) {
  const Json& value = file.metadata()[key];
  if (!value.is_number()) fail(file.path().string() + ": " + key, "expected a number, got a {}", value.type_name());
  return number_of(value);
}

Json factors_of(const GgufFile& file, const std::string& name) {
  const at::Tensor divisors = decode_tensor(file, name).flatten();
  return std::vector<float>(divisors.data_ptr<float>(), divisors.data_ptr<float>() + divisors.numel());
}

/// The divisors of the rotary frequencies as long-rope factors, which are the same thing: one set, or two by length.
Json rope_from_divisors(const GgufFile& file, const std::string& prefix) {
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
    if (file.metadata().contains(prefix + gguf)) scaling[hub] = read_number(file, prefix + gguf);
  return scaling;
}

Json read_rope_scaling(const GgufFile& file, const std::string& prefix) {
  if (file.tensors().contains(kDivisors) || file.tensors().contains(kShortFactors))
    return rope_from_divisors(file, prefix);
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
    if (metadata.contains(prefix + "rope.scaling." + gguf))
      scaling[hub] = read_number(file, prefix + "rope.scaling." + gguf);
  return scaling;
}

/// The share of each head that is rotated, where it is not all of it.
std::optional<double> partial_rotary_factor(const GgufFile& file, const std::string& prefix) {
  const auto number = [&](const char* key) {
    return file.metadata().contains(prefix + key) ? read_number(file, prefix + key).get<double>() : 0.0;
  };
  const double rotated = number("rope.dimension_count"), heads = number("attention.head_count");
  double head_dim = number("attention.key_length");
  if (head_dim == 0 && heads > 0) head_dim = number("embedding_length") / heads;
  if (rotated <= 0 || head_dim <= 0 || rotated == head_dim) return std::nullopt;
  return rotated / head_dim;
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
  Json config = {{"model_type", family.model_type}, {"vocab_size", vocabulary_size(file)}};
  for (const GgufKey& key : family.keys)
    if (metadata.contains(prefix + key.gguf)) config[key.hub] = read_number(file, prefix + key.gguf);
  if (const Json scaling = read_rope_scaling(file, prefix); !scaling.is_null()) config["rope_scaling"] = scaling;
  if (const auto part = partial_rotary_factor(file, prefix)) config["partial_rotary_factor"] = *part;
  config["tie_word_embeddings"] = !file.tensors().contains("output.weight");
  if (file.tensors().contains("blk.0.attn_q.bias")) config["attention_bias"] = true;
  for (const char* name : {"bos", "eos"}) {
    const std::string key = fmt::format("tokenizer.ggml.{}_token_id", name);
    if (metadata.contains(key)) config[fmt::format("{}_token_id", name)] = read_number(file, key);
  }
  config["torch_dtype"] = dtype_of(file);
  return config;
}

GgufEntries gguf_metadata(const Json& config, const ModelSpec& spec, const GgufFamily& family) {
  const std::string prefix = std::string(family.architecture) + ".";
  const AttentionSpec& attention = spec.layers.at(0).attention;
  GgufEntries metadata = {{"general.architecture", std::string(family.architecture)},
                          {"general.type", std::string("model")},
                          {"general.quantization_version", uint32_t{2}},
                          {kConfigKey, config.dump(-1, ' ', false, Json::error_handler_t::replace)}};
  const auto count = [&](const char* key, int64_t value) {
    metadata.emplace_back(prefix + key, static_cast<uint32_t>(value));
  };
  const auto number = [&](const std::string& key, double value) {
    metadata.emplace_back(prefix + key, static_cast<float>(value));
  };
  count("context_length", spec.max_positions);
  count("embedding_length", spec.hidden_size);
  count("block_count", spec.n_layer());
  count("feed_forward_length", spec.layers[0].ffn.down.in);
  count("attention.head_count", attention.n_head);
  count("attention.head_count_kv", attention.n_kv_head);
  count("vocab_size", spec.vocab_size);
  if (attention.head_dim != spec.hidden_size / attention.n_head) {
    count("attention.key_length", attention.head_dim);
    count("attention.value_length", attention.head_dim);
  }
  if (attention.window > 0) count("attention.sliding_window", attention.window);
  const NormSpec& norm = *spec.final_norm;
  number(norm.kind == NormKind::rms ? "attention.layer_norm_rms_epsilon" : "attention.layer_norm_epsilon", norm.eps);
  if (spec.ropes.empty()) return metadata;
  const RopeSpec& rope = spec.ropes[0];
  count("rope.dimension_count", rope.dim);
  number("rope.freq_base", rope.theta);
  if (rope.scaling == RopeScaling::longrope) {
    count("rope.scaling.original_context_length", rope.original_length);
    number("rope.scaling.attn_factor", rope.attention_factor);
  }
  if (rope.scaling == RopeScaling::linear || rope.scaling == RopeScaling::yarn) {
    metadata.emplace_back(prefix + "rope.scaling.type",
                          std::string(rope.scaling == RopeScaling::linear ? "linear" : "yarn"));
    number("rope.scaling.factor", rope.factor);
    count("rope.scaling.original_context_length", rope.original_length);
  }
  return metadata;
}

}  // namespace llmbox
