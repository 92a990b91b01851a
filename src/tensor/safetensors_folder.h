// Writing the weights of a model folder: one file, or shards and their index; safetensors, or what torch.save writes.
// weight_map.h reads them.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "tensor/safetensors.h"

namespace llmbox {

/// Weights in their order cut into shards of at most `max_shard_bytes` (a larger tensor gets its own); writes
/// model.safetensors, or model-0000i-of-0000n.safetensors and the index. Returns the names of the files.
std::vector<std::string> save_safetensors_folder(const std::filesystem::path& folder, const NamedWeights& weights,
                                                 int64_t max_shard_bytes);

/// The same as pytorch_model.bin and its shards.
std::vector<std::string> save_torch_folder(const std::filesystem::path& folder, const NamedWeights& weights,
                                           int64_t max_shard_bytes);

}  // namespace llmbox
