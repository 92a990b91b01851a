#include "tensor/safetensors_folder.h"

#include "core/atomic_file.h"
#include "core/error.h"

namespace llmbox {

namespace {

constexpr const char* kSingle = "model.safetensors";
constexpr const char* kIndex = "model.safetensors.index.json";

}  // namespace

SafetensorsFolder SafetensorsFolder::open(const std::filesystem::path& folder) {
  SafetensorsFolder weights;
  weights.folder_ = folder;
  if (std::filesystem::exists(folder / kIndex)) {
    weights.read_index(folder / kIndex);
    return weights;
  }
  if (!std::filesystem::exists(folder / kSingle))
    fail(folder.string(), "expected {} or {}, found neither", kSingle, kIndex);
  weights.files_.push_back(SafetensorsFile::open(folder / kSingle));
  for (const auto& entry : weights.files_[0].entries()) weights.file_of_[entry.name] = 0;
  return weights;
}

void SafetensorsFolder::read_index(const std::filesystem::path& path) {
  const Json index = read_json_file(path);
  if (!index.is_object() || !index.contains("weight_map") || !index["weight_map"].is_object())
    fail(path.string(), "expected an object 'weight_map', found none");
  std::map<std::string, size_t> opened;
  for (const auto& [name, value] : index["weight_map"].items()) {
    if (!value.is_string()) fail(path.string(), "expected a file name for '{}', got {}", name, value.dump());
    const std::string file = value.get<std::string>();
    if (!opened.contains(file)) {
      if (!std::filesystem::exists(folder_ / file))
        fail(path.string(), "expected the shard '{}', the folder has none", file);
      opened[file] = files_.size();
      files_.push_back(SafetensorsFile::open(folder_ / file));
    }
    files_[opened[file]].entry(name);  // Error where the shard does not hold it
    file_of_[name] = opened[file];
  }
}

std::vector<std::string> SafetensorsFolder::names() const {
  std::vector<std::string> names;
  for (const auto& [name, file] : file_of_) names.push_back(name);
  return names;
}

const SafetensorsFile& SafetensorsFolder::file(const std::string& name) const {
  const auto found = file_of_.find(name);
  if (found == file_of_.end()) fail(folder_.string(), "expected the tensor '{}', found none", name);
  return files_[found->second];
}

std::vector<std::string> save_safetensors_folder(const std::filesystem::path& folder, const NamedTensors& tensors,
                                                 int64_t max_shard_bytes) {
  std::vector<NamedTensors> shards(1);
  int64_t shard_bytes = 0;
  int64_t total_bytes = 0;
  for (const auto& [name, tensor] : tensors) {
    const int64_t bytes = static_cast<int64_t>(tensor.nbytes());
    if (shard_bytes + bytes > max_shard_bytes && !shards.back().empty()) {
      shards.emplace_back();
      shard_bytes = 0;
    }
    shards.back().emplace_back(name, tensor);
    shard_bytes += bytes;
    total_bytes += bytes;
  }
  if (shards.size() == 1) {
    save_safetensors(folder / kSingle, tensors);
    return {kSingle};
  }
  std::vector<std::string> files;
  Json map = Json::object();
  for (size_t i = 0; i < shards.size(); ++i) {
    files.push_back(fmt::format("model-{:05}-of-{:05}.safetensors", i + 1, shards.size()));
    save_safetensors(folder / files.back(), shards[i]);
    for (const auto& [name, tensor] : shards[i]) map[name] = files.back();
  }
  const Json index = {{"metadata", {{"total_size", total_bytes}}}, {"weight_map", map}};
  write_file_atomically(folder / kIndex, index.dump(2) + "\n");
  files.emplace_back(kIndex);
  return files;
}

}  // namespace llmbox
