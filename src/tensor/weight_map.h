// The named tensors of a model, whatever files hold them: what each is is known before it is read, reading gives a view
// of the mapped file where the format allows one. Values are independent of the files' objects and thread-safe to read.
// Formats add themselves as rows of weight_files.cpp; GGUF and llama2.c files are models of their own (model/).
#pragma once

#include <ATen/core/Tensor.h>

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace llmbox {

class FileMapping;

struct Weight {
  std::string file;  // for errors
  at::ScalarType dtype = at::kFloat;
  std::vector<int64_t> shape;
  std::function<at::Tensor()> read;
  std::shared_ptr<const FileMapping> mapping = {};  // what read() gives views of; null: none

  /// read(), and the memory of what was read before from the same file given back: for files read once, one weight
  /// after the other.
  at::Tensor read_once() const;
};

using WeightMap = std::map<std::string, Weight>;
using NamedWeights = std::vector<std::pair<std::string, Weight>>;  // in an order of its own

/// A weight that is in memory already.
Weight weight_of(at::Tensor tensor, std::string file);

/// Error naming `where`: there is none of this name.
const Weight& find_weight(const WeightMap& weights, const std::string& name, const std::string& where);

/// All tensors of one file: safetensors, or what torch.save wrote (".bin", ".pt", ".pth").
WeightMap open_weight_file(const std::filesystem::path& path);

/// The weights of a folder: STEM.safetensors or pytorch_STEM.bin, single or with shards named by an index beside it.
/// Safetensors come first where both are there. `stem`: "model", or "adapter_model" (adapter_model.bin).
WeightMap open_weight_folder(const std::filesystem::path& folder, const std::string& stem = "model");

}  // namespace llmbox
