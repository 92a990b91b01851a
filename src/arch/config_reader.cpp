#include "arch/config_reader.h"

#include <vector>

#include "core/error.h"
#include "core/near_name.h"

namespace llmbox {

namespace {

/// Conversion with the key in the message where the type does not fit.
template <class T>
T value_of(const ConfigReader& config, std::string_view key, const char* expected, bool fits) {
  const Json& value = config.at(key);
  if (!fits) fail(config.where(), "expected {} for '{}', got {}", expected, key, value.dump());
  return value.get<T>();
}

}  // namespace

bool ConfigReader::has(std::string_view key) const {
  const auto found = config_.find(std::string(key));
  return found != config_.end() && !found->is_null();
}

const Json& ConfigReader::at(std::string_view key) const { return config_.at(std::string(key)); }

ConfigReader ConfigReader::child(std::string_view key) const {
  if (!at(key).is_object()) fail(where_, "expected an object for '{}', got {}", key, at(key).dump());
  return {at(key), where_ + ": " + std::string(key)};
}

int64_t ConfigReader::integer(std::string_view key) const {
  if (!has(key)) fail(where_, "expected the key '{}', found none; try another config.json", key);
  const int64_t value = count(key, 0);
  if (value < 1) fail(where_, "expected a positive integer for '{}', got {}", key, value);
  return value;
}

int64_t ConfigReader::integer(std::string_view key, int64_t fallback) const {
  return has(key) ? integer(key) : fallback;
}

int64_t ConfigReader::count(std::string_view key, int64_t fallback) const {
  if (!has(key)) return fallback;
  const Json& number = at(key);
  if (number.is_number_unsigned() && number.get<uint64_t>() > static_cast<uint64_t>(kMostInteger))
    fail(where_, "expected at most {} for '{}', got {}", kMostInteger, key, number.get<uint64_t>());
  const int64_t value = value_of<int64_t>(*this, key, "an integer", number.is_number_integer());
  if (value < 0) fail(where_, "expected 0 or more for '{}', got {}", key, value);
  return value;
}

int64_t ConfigReader::integer_of_layer(std::string_view key, size_t layer) const {
  if (!has(key) || !at(key).is_array()) return integer(key);
  const Json& list = at(key);
  if (layer >= list.size() || !list[layer].is_number_integer() || list[layer] < 1 || list[layer] > kMostInteger)
    fail(where_, "expected a positive integer for each layer in '{}', got {}", key, list.dump());
  return list[layer].get<int64_t>();
}

std::vector<double> ConfigReader::numbers(std::string_view key, size_t size, double fallback) const {
  if (!has(key)) return std::vector<double>(size, fallback);
  const Json& list = at(key);
  if (!list.is_array() || list.size() != size)
    fail(where_, "expected {} numbers for '{}', got {}", size, key, list.size());
  std::vector<double> numbers;
  for (const Json& value : list) {
    if (!value.is_number()) fail(where_, "expected numbers in '{}', got {}", key, value.dump());
    numbers.push_back(value.get<double>());
  }
  return numbers;
}

double ConfigReader::number(std::string_view key, double fallback) const {
  return has(key) ? value_of<double>(*this, key, "a number", at(key).is_number()) : fallback;
}

bool ConfigReader::flag(std::string_view key, bool fallback) const {
  return has(key) ? value_of<bool>(*this, key, "true or false", at(key).is_boolean()) : fallback;
}

std::string ConfigReader::text(std::string_view key, std::string_view fallback) const {
  return has(key) ? value_of<std::string>(*this, key, "a string", at(key).is_string()) : std::string(fallback);
}

void check_layer_count(const ConfigReader& config, int64_t n_layer) {
  constexpr int64_t kMost = 1000;
  if (n_layer > kMost) fail(config.where(), "expected at most {} layers, got {}", kMost, n_layer);
}

void check_expert_count(const ConfigReader& config, int64_t n_expert) {
  constexpr int64_t kMost = 1024;
  if (n_expert > kMost) fail(config.where(), "expected at most {} experts, got {}", kMost, n_expert);
}

Activation read_activation(const ConfigReader& config, std::string_view key, std::string_view fallback) {
  static const std::vector<std::pair<std::string, Activation>> kKnown = {
      {"silu", Activation::silu},           {"swish", Activation::silu},
      {"gelu", Activation::gelu},           {"gelu_new", Activation::gelu_tanh},
      {"gelu_fast", Activation::gelu_tanh}, {"gelu_pytorch_tanh", Activation::gelu_tanh},
      {"gelu_python", Activation::gelu},    {"relu", Activation::relu},
      {"relu2", Activation::relu_squared}};
  const std::string name = config.text(key, fallback);
  std::vector<std::string> names;
  for (const auto& [known, activation] : kKnown) {
    if (known == name) return activation;
    names.push_back(known);
  }
  fail(config.where(), "expected a known activation for '{}', got '{}'; try {}", key, name, near_names(name, names));
}

}  // namespace llmbox
