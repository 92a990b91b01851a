// Typed look-ups in a config.json. A key that is null counts as absent. Every fault is an Error that names the file and
// the key. Holds a reference to the JSON: it must outlive the reader.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "arch/spec.h"
#include "core/json.h"

namespace llmbox {

class ConfigReader {
 public:
  ConfigReader(const Json& config, std::string_view where) : config_(config), where_(where) {}

  const std::string& where() const { return where_; }
  /// True where the key is there and not null.
  bool has(std::string_view key) const;
  /// True where the key is there, null or not.
  bool mentions(std::string_view key) const { return config_.contains(std::string(key)); }
  const Json& at(std::string_view key) const;  // Requires: has(key)
  ConfigReader child(std::string_view key) const;

  // Whole numbers up to kMostInteger: sizes beyond it are no model's, and products of two stay far from overflow.
  static constexpr int64_t kMostInteger = int64_t{1} << 24;
  int64_t integer(std::string_view key) const;  // positive; Error where missing
  int64_t integer(std::string_view key, int64_t fallback) const;
  int64_t count(std::string_view key, int64_t fallback) const;  // zero allowed
  /// One for all layers, or a list with one for each.
  int64_t integer_of_layer(std::string_view key, size_t layer) const;
  /// The numbers of a list of this size, or the fallback where the key is absent.
  std::vector<double> numbers(std::string_view key, size_t size, double fallback) const;
  double number(std::string_view key, double fallback) const;
  bool flag(std::string_view key, bool fallback) const;
  std::string text(std::string_view key, std::string_view fallback) const;

 private:
  const Json& config_;
  std::string where_;
};

/// Error where a config asks for more layers or experts than any model has: they would be built before a file is read.
void check_layer_count(const ConfigReader& config, int64_t n_layer);
void check_expert_count(const ConfigReader& config, int64_t n_expert);

/// The activation that `key` names ("silu", "gelu_new", …); Error naming the known ones.
Activation read_activation(const ConfigReader& config, std::string_view key, std::string_view fallback);

}  // namespace llmbox
