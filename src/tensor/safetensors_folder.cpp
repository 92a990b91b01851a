#include "tensor/safetensors_folder.h"

#include "core/atomic_file.h"

namespace llmbox {

namespace {

constexpr const char* kSingle = "model.safetensors";
constexpr const char* kIndex = "model.safetensors.index.json";

}  // namespace

std::vector<std::string> save_safetensors_folder(const std::filesystem::path& folder, const NamedWeights& weights,
                                                 int64_t max_shard_bytes) {
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
  if (shards.size() == 1) {
    save_safetensors(folder / kSingle, weights);
    return {kSingle};
  }
  std::vector<std::string> files;
  Json map = Json::object();
  for (size_t i = 0; i < shards.size(); ++i) {
    files.push_back(fmt::format("model-{:05}-of-{:05}.safetensors", i + 1, shards.size()));
    save_safetensors(folder / files.back(), shards[i]);
    for (const auto& [name, weight] : shards[i]) map[name] = files.back();
  }
  const Json index = {{"metadata", {{"total_size", total_bytes}}}, {"weight_map", map}};
  write_file_atomically(folder / kIndex, index.dump(2) + "\n");
  files.emplace_back(kIndex);
  return files;
}

}  // namespace llmbox
