// The tokenizer.* keys of a GGUF file's metadata (versions 2 and 3, little-endian). Other keys and the tensors are not
// read. A truncated or malformed file throws Error naming it; nothing is allocated beyond the file's own size.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace llmbox {

class GgufMetadata {
 public:
  explicit GgufMetadata(const std::filesystem::path& path);

  /// Keys without their "tokenizer." are never stored; a missing key, or one of another kind, gives nothing.
  std::optional<std::string> text(const std::string& key) const;
  std::optional<double> number(const std::string& key) const;
  std::optional<bool> flag(const std::string& key) const;
  const std::vector<std::string>* texts(const std::string& key) const;
  const std::vector<double>* numbers(const std::string& key) const;

 private:
  using Value = std::variant<double, bool, std::string, std::vector<double>, std::vector<std::string>>;
  class Reader;

  template <typename T>
  const T* find(const std::string& key) const;

  std::map<std::string, Value> values_;
};

}  // namespace llmbox
