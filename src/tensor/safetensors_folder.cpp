#include "tensor/safetensors_folder.h"

#include "core/atomic_file.h"
#include "tensor/torch_file.h"

namespace llmbox {

namespace {

struct FolderFormat {
  const char* stem;  // "model", ".safetensors"
  const char* end;
  void (*save)(const std::filesystem::path& path, const NamedWeights& weights);
};

constexpr FolderFormat kSafetensors = {
    "model", ".safetensors",
    [](const std::filesystem::path& path, const NamedWeights& weights) { save_safetensors(path, weights); }};
constexpr FolderFormat kTorch = {"pytorch_model", ".bin", save_torch_file};

std::vector<std::string> save_folder(const FolderFormat& format, const std::filesystem::path& folder,
                                     const NamedWeights& weights, int64_t max_shard_bytes) {
  std::vector<NamedWeights> shards(1);
  int64_t shard_bytes = 0;
  int64_t total_bytes = 0;
  for (const auto& [name, weight] : weights) {
    const auto bytes = static_cast<int64_t>(byte_count(weight));
    if (shard_bytes + bytes > max_shard_bytes && !shards.back().empty()) {
      shards.emplace_back();
      shard_bytes = 0;
    }
    shards.back().emplace_back(name, weight);
    shard_bytes += bytes;
    total_bytes += bytes;
  }
  const std::string single = std::string(format.stem) + format.end;
  if (shards.size() == 1) {
    format.save(folder / single, weights);
    return {single};
  }
  std::vector<std::string> files;
  Json map = Json::object();
  for (size_t i = 0; i < shards.size(); ++i) {
    files.push_back(fmt::format("{}-{:05}-of-{:05}{}", format.stem, i + 1, shards.size(), format.end));
    format.save(folder / files.back(), shards[i]);
    for (const auto& [name, weight] : shards[i]) map[name] = files.back();
  }
  const Json index = {{"metadata", {{"total_size", total_bytes}}}, {"weight_map", map}};
  files.push_back(single + ".index.json");
  write_file_atomically(folder / files.back(), index.dump(2) + "\n");
  return files;
}

}  // namespace

std::vector<std::string> save_safetensors_folder(const std::filesystem::path& folder, const NamedWeights& weights,
                                                 int64_t max_shard_bytes) {
  return save_folder(kSafetensors, folder, weights, max_shard_bytes);
}

std::vector<std::string> save_torch_folder(const std::filesystem::path& folder, const NamedWeights& weights,
                                           int64_t max_shard_bytes) {
  return save_folder(kTorch, folder, weights, max_shard_bytes);
}

}  // namespace llmbox
