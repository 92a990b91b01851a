// Typed look-ups in a config.json. A key that is null counts as absent. Every fault is an Error that names the file and
// the key. Holds a reference to the JSON: it must outlive the reader.
#pragma once

#include <string>
#include <string_view>

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

  int64_t integer(std::string_view key) const;  // positive; Error where missing
  int64_t integer(std::string_view key, int64_t fallback) const;
  int64_t count(std::string_view key, int64_t fallback) const;  // zero allowed
  double number(std::string_view key, double fallback) const;
  bool flag(std::string_view key, bool fallback) const;
  std::string text(std::string_view key, std::string_view fallback) const;

 private:
  const Json& config_;
  std::string where_;
};

/// The activation that `key` names ("silu", "gelu_new", …); Error naming the known ones.
Activation read_activation(const ConfigReader& config, std::string_view key, std::string_view fallback);

}  // namespace llmbox
