// The safetensors format: 8 bytes header length, a JSON header {name: {dtype, shape, data_offsets}}, then the data.
// Reading maps the file copy-on-write: tensors are views that keep the mapping alive, writing to them never reaches the
// file. Refused with an Error naming file and tensor: a truncated file, a bad header, offsets that overlap or leave the
// file, a shape that does not fit them. Values are not looked at. Reading is thread-safe.
#pragma once

#include <ATen/core/Tensor.h>

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/json.h"
#include "tensor/weight_map.h"

namespace llmbox {

class FileMapping;

class SafetensorsFile {
 public:
  struct Entry {
    std::string name;
    at::ScalarType dtype;
    std::vector<int64_t> shape;
    size_t begin = 0, end = 0;  // bytes from the start of the data
  };

  static SafetensorsFile open(const std::filesystem::path& path);

  const std::filesystem::path& path() const { return path_; }
  const std::shared_ptr<FileMapping>& mapping() const { return mapping_; }
  const std::vector<Entry>& entries() const { return entries_; }  // in the order of the data
  std::vector<std::string> names() const;
  bool contains(const std::string& name) const { return index_.contains(name); }
  const std::map<std::string, std::string>& metadata() const { return metadata_; }
  /// A view of the mapping (a copy only where the data is not aligned for its type). Error: no such tensor.
  at::Tensor tensor(const std::string& name) const;
  const Entry& entry(const std::string& name) const;

 private:
  void read_header(const Json& header, size_t data_size);

  std::filesystem::path path_;
  std::shared_ptr<FileMapping> mapping_;
  size_t data_offset_ = 0;
  std::vector<Entry> entries_;
  std::map<std::string, size_t> index_;
  std::map<std::string, std::string> metadata_;
};

using NamedTensors = std::vector<std::pair<std::string, at::Tensor>>;

/// Writes whole or not at all, one weight after the other, each read when its turn comes. Any device and stride; types
/// that the format knows.
void save_safetensors(const std::filesystem::path& path, const NamedWeights& weights,
                      const std::map<std::string, std::string>& metadata = {{"format", "pt"}});
void save_safetensors(const std::filesystem::path& path, const NamedTensors& tensors,
                      const std::map<std::string, std::string>& metadata = {{"format", "pt"}});

NamedWeights weights_of(const NamedTensors& tensors);
size_t byte_count(const Weight& weight);

/// "F32", "BF16" …; Error for a type that the format does not know.
std::string safetensors_dtype(at::ScalarType type);

}  // namespace llmbox
