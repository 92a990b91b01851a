// GGUF version 3 files (and 2, which reads alike): typed metadata and tensors in GGML's block types, aligned in one
// file or in parts (NAME-00001-of-00003.gguf). Reading maps the files; nothing but the headers is read. Refused with an
// Error naming the file and the key or tensor: wrong magic or version, lengths and counts that leave the file, unknown
// types, tensors that overlap, leave the file or are misaligned. Thread-safe to read.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "core/json.h"
#include "tensor/block/block_type.h"

namespace llmbox {

class FileMapping;

class GgufFile {
 public:
  struct Tensor {
    const BlockType* type = nullptr;  // null: a type that we do not read; `type_id` says which
    uint32_t type_id = 0;
    std::vector<int64_t> shape;   // slowest first, as everywhere in llmbox
    size_t begin = 0, bytes = 0;  // in its part
    size_t part = 0;
  };

  /// Of a file in parts the first is named, which has the metadata.
  static GgufFile open(const std::filesystem::path& path);

  const std::filesystem::path& path() const { return path_; }
  /// Every key with its value; arrays are JSON arrays. Texts are as in the file (not always UTF-8).
  const Json& metadata() const { return metadata_; }
  const std::map<std::string, Tensor>& tensors() const { return tensors_; }
  const std::shared_ptr<FileMapping>& mapping(const Tensor& tensor) const { return mappings_[tensor.part]; }
  const uint8_t* data(const Tensor& tensor) const;

 private:
  void add_part(const std::filesystem::path& path);

  std::filesystem::path path_;
  std::vector<std::shared_ptr<FileMapping>> mappings_;  // one a part
  Json metadata_ = Json::object();
  std::map<std::string, Tensor> tensors_;
};

/// Every value of a tensor, or of `count` entries of its first dimension (0: all), float32 in its shape. Error: its
/// type is not one of ours. Requires: entries that it has.
at::Tensor decode_tensor(const GgufFile& file, const std::string& name, int64_t first = 0, int64_t count = 0);

using GgufValue = std::variant<bool, uint32_t, int32_t, float, std::string, std::vector<std::string>,
                               std::vector<float>, std::vector<int32_t>, std::vector<bool>, std::vector<uint8_t>>;
using GgufEntries = std::vector<std::pair<std::string, GgufValue>>;

/// A tensor to be written: made when its turn comes, so that one at a time is in memory.
struct GgufOutput {
  std::string name;
  const BlockType* type;
  std::vector<int64_t> shape;
  std::function<at::Tensor()> make;  // any floating type
};

/// Writes whole or not at all. Requires: types with encode whose blocks divide the last dimension.
void save_gguf(const std::filesystem::path& path, const GgufEntries& metadata, const std::vector<GgufOutput>& tensors);

}  // namespace llmbox
