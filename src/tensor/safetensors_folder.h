// The weights of a model folder: one model.safetensors, or shards named by model.safetensors.index.json. Errors name
// the file and the tensor. Also the way back: writes a folder's shards and index.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "tensor/safetensors.h"

namespace llmbox {

class SafetensorsFolder {
 public:
  static SafetensorsFolder open(const std::filesystem::path& folder);

  const std::filesystem::path& folder() const { return folder_; }
  const std::vector<SafetensorsFile>& files() const { return files_; }
  std::vector<std::string> names() const;
  bool contains(const std::string& name) const { return file_of_.contains(name); }
  /// The file that holds a tensor. Error: none does.
  const SafetensorsFile& file(const std::string& name) const;
  at::Tensor tensor(const std::string& name) const { return file(name).tensor(name); }

 private:
  void read_index(const std::filesystem::path& path);

  std::filesystem::path folder_;
  std::vector<SafetensorsFile> files_;
  std::map<std::string, size_t> file_of_;
};

/// Tensors in their order cut into shards of at most `max_shard_bytes` (a larger tensor gets its own); writes
/// model.safetensors, or model-0000i-of-0000n.safetensors and the index. Returns the names of the files.
std::vector<std::string> save_safetensors_folder(const std::filesystem::path& folder, const NamedTensors& tensors,
                                                 int64_t max_shard_bytes);

}  // namespace llmbox
