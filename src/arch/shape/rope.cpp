#include "arch/shape/rope.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "core/error.h"
#include "core/near_name.h"

namespace llmbox {

namespace {

constexpr std::pair<const char*, RopeScaling> kScalings[] = {
    {"default", RopeScaling::none}, {"linear", RopeScaling::linear}, {"dynamic", RopeScaling::dynamic},
    {"yarn", RopeScaling::yarn},    {"llama3", RopeScaling::llama3}, {"longrope", RopeScaling::longrope}};

RopeScaling read_scaling(const ConfigReader& config) {
  const std::string name = config.text("rope_type", config.text("type", "default"));
  std::vector<std::string> names;
  for (const auto& [known, scaling] : kScalings) {
    if (name == known) return scaling;
    names.emplace_back(known);
  }
  fail(config.where(), "expected a known rope_type, got '{}'; try {}", name, near_names(name, names));
}

std::vector<double> read_factors(const ConfigReader& config, std::string_view key, int64_t size) {
  if (!config.has(key)) fail(config.where(), "expected the key '{}', found none; try another config.json", key);
  return config.numbers(key, static_cast<size_t>(size), 1);
}

double yarn_magnitude(double factor, double mscale) {
  return factor <= 1 ? 1.0 : 0.1 * mscale * std::log(factor) + 1.0;
}

double yarn_attention_factor(const ConfigReader& scaling, double factor) {
  if (scaling.has("mscale") && scaling.has("mscale_all_dim"))
    return yarn_magnitude(factor, scaling.number("mscale", 1)) /
           yarn_magnitude(factor, scaling.number("mscale_all_dim", 1));
  return yarn_magnitude(factor, 1);
}

double longrope_attention_factor(double factor, int64_t original_length) {
  return factor <= 1 ? 1.0 : std::sqrt(1.0 + std::log(factor) / std::log(static_cast<double>(original_length)));
}

/// The fields of the scaling object. `top` still has what older configs keep outside of it.
void read_scaling_fields(const ConfigReader& top, const ConfigReader& scaling, RopeSpec& rope) {
  const int64_t max_positions = top.integer("max_position_embeddings", 2048);
  const bool stretched = rope.scaling == RopeScaling::yarn || rope.scaling == RopeScaling::longrope;
  rope.original_length = scaling.integer("original_max_position_embeddings",
                                         top.integer("original_max_position_embeddings", max_positions));
  if (rope.scaling == RopeScaling::dynamic) rope.original_length = max_positions;
  if (!stretched && !scaling.has("factor"))
    fail(scaling.where(), "expected the key 'factor', found none; try another config.json");
  rope.factor =
      scaling.number("factor", static_cast<double>(max_positions) / static_cast<double>(rope.original_length));
  if (rope.factor <= 0) fail(scaling.where(), "expected a positive 'factor', got {}", rope.factor);
  rope.low_freq_factor = scaling.number("low_freq_factor", 1);
  rope.high_freq_factor = scaling.number("high_freq_factor", 4);
  rope.beta_fast = scaling.number("beta_fast", 32);
  rope.beta_slow = scaling.number("beta_slow", 1);
  rope.truncate = scaling.flag("truncate", true);
  if (rope.scaling == RopeScaling::longrope) {
    rope.short_factors = read_factors(scaling, "short_factor", rope.dim / 2);
    rope.long_factors = read_factors(scaling, "long_factor", rope.dim / 2);
    rope.attention_factor = longrope_attention_factor(rope.factor, rope.original_length);
  }
  if (rope.scaling == RopeScaling::yarn) rope.attention_factor = yarn_attention_factor(scaling, rope.factor);
  // Phi-3.5-MoE gives the factor for long and for short texts; they are the same.
  if (rope.scaling == RopeScaling::longrope)
    rope.attention_factor = scaling.number("long_mscale", rope.attention_factor);
  if (stretched) rope.attention_factor = scaling.number("attention_factor", rope.attention_factor);
}

/// NTK by parts: wavelengths short against the trained length stay, long ones are divided, between them a blend.
float llama3_frequency(const RopeSpec& rope, float frequency) {
  const double length = static_cast<double>(rope.original_length);
  const double wavelength = 2 * std::numbers::pi / frequency;
  if (wavelength < length / rope.high_freq_factor) return frequency;
  if (wavelength > length / rope.low_freq_factor) return frequency / static_cast<float>(rope.factor);
  const double smooth = (length / wavelength - rope.low_freq_factor) / (rope.high_freq_factor - rope.low_freq_factor);
  return static_cast<float>((1 - smooth) * frequency / rope.factor + smooth * frequency);
}

/// YaRN (Peng et al. 2023, 3.2): dimensions that turn often keep their frequency, slow ones are interpolated.
void apply_yarn(const RopeSpec& rope, std::vector<float>& frequencies) {
  const auto correction = [&](double rotations) {
    return static_cast<double>(rope.dim) *
           std::log(static_cast<double>(rope.original_length) / (rotations * 2 * std::numbers::pi)) /
           (2 * std::log(rope.theta));
  };
  double low = correction(rope.beta_fast);
  double high = correction(rope.beta_slow);
  if (rope.truncate) low = std::floor(low), high = std::ceil(high);
  low = std::max(low, 0.0);
  high = std::min(high, static_cast<double>(rope.dim - 1));
  if (low == high) high += 0.001;
  for (size_t i = 0; i < frequencies.size(); ++i) {
    const double ramp = std::clamp((static_cast<double>(i) - low) / (high - low), 0.0, 1.0);
    frequencies[i] = static_cast<float>(frequencies[i] / rope.factor * ramp + frequencies[i] * (1 - ramp));
  }
}

double effective_theta(const RopeSpec& rope, int64_t length) {
  if (rope.scaling != RopeScaling::dynamic) return rope.theta;
  const double original = static_cast<double>(rope.original_length);
  const double longest = std::max(static_cast<double>(length), original);
  const double dim = static_cast<double>(rope.dim);
  return rope.theta * std::pow(rope.factor * longest / original - (rope.factor - 1), dim / (dim - 2));
}

}  // namespace

void check_rope(const ConfigReader& config, const RopeSpec& rope, int64_t head_dim) {
  if (rope.dim < 2 || rope.dim % 2 != 0 || rope.dim > head_dim)
    fail(config.where(), "expected an even number of rotary dimensions, got {} of head_dim {}", rope.dim, head_dim);
}

RopeSpec read_rope_fields(const ConfigReader& config, const ConfigReader& fields, int64_t head_dim,
                          const RopeDefaults& defaults) {
  RopeSpec rope;
  rope.theta = fields.number("rope_theta", config.number("rope_theta", defaults.theta));
  if (rope.theta <= 0) fail(config.where(), "expected a positive 'rope_theta', got {}", rope.theta);
  const double part = fields.number("partial_rotary_factor", config.number("partial_rotary_factor", defaults.part));
  rope.dim = static_cast<int64_t>(static_cast<double>(head_dim) * part);
  check_rope(config, rope, head_dim);
  rope.scaling = read_scaling(fields);
  if (rope.scaling == RopeScaling::dynamic && fields.has("alpha")) {
    // Hunyuan's "dynamic" with a fixed alpha changes the base once and for all.
    const double dim = static_cast<double>(rope.dim);
    rope.theta *= std::pow(fields.number("alpha", 1), dim / (dim - 2));
    rope.scaling = RopeScaling::none;
  }
  if (rope.scaling != RopeScaling::none) read_scaling_fields(config, fields, rope);
  return rope;
}

RopeSpec read_rope(const ConfigReader& config, int64_t head_dim, const RopeDefaults& defaults) {
  static const Json kNone = Json::object();
  const char* key = config.has("rope_parameters") ? "rope_parameters" : "rope_scaling";
  const ConfigReader fields = config.has(key) ? config.child(key) : ConfigReader(kNone, config.where());
  return read_rope_fields(config, fields, head_dim, defaults);
}

std::optional<LayerRopes> read_nested_ropes(const ConfigReader& config, int64_t head_dim) {
  if (!config.has("rope_parameters")) return std::nullopt;
  const ConfigReader fields = config.child("rope_parameters");
  if (!fields.has("full_attention") || !fields.has("sliding_attention")) return std::nullopt;
  const auto read = [&](const char* type) { return read_rope_fields(config, fields.child(type), head_dim, {}); };
  return LayerRopes{read("full_attention"), read("sliding_attention")};
}

bool rotates(const ConfigReader& config, size_t layer) {
  if (!config.has("no_rope_layers") || config.at("no_rope_layers").empty())
    return (layer + 1) % static_cast<size_t>(config.integer("no_rope_layer_interval", 4)) != 0;
  const Json& list = config.at("no_rope_layers");
  if (!list.is_array() || layer >= list.size() || !list[layer].is_number_integer())
    fail(config.where(), "expected an integer for each layer in 'no_rope_layers', got {}", list.dump());
  return list[layer].get<int64_t>() != 0;
}

bool depends_on_length(const RopeSpec& rope) {
  return rope.scaling == RopeScaling::dynamic || rope.scaling == RopeScaling::longrope;
}

std::vector<float> rope_frequencies(const RopeSpec& rope, int64_t length) {
  const float theta = static_cast<float>(effective_theta(rope, length));
  const auto& factors = length > rope.original_length ? rope.long_factors : rope.short_factors;
  std::vector<float> frequencies(static_cast<size_t>(rope.dim / 2));
  for (size_t i = 0; i < frequencies.size(); ++i) {
    float denominator = std::pow(theta, static_cast<float>(2 * i) / static_cast<float>(rope.dim));
    if (rope.scaling == RopeScaling::longrope) denominator *= static_cast<float>(factors[i]);
    frequencies[i] = 1.0F / denominator;
    if (rope.scaling == RopeScaling::linear) frequencies[i] /= static_cast<float>(rope.factor);
    if (rope.scaling == RopeScaling::llama3) frequencies[i] = llama3_frequency(rope, frequencies[i]);
  }
  if (rope.scaling == RopeScaling::yarn) apply_yarn(rope, frequencies);
  return frequencies;
}

}  // namespace llmbox
