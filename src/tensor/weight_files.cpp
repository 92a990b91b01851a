#include <ATen/core/Tensor.h>

#include "core/error.h"
#include "core/json.h"
#include "tensor/file_mapping.h"
#include "tensor/safetensors.h"
#include "tensor/torch_file.h"
#include "tensor/weight_map.h"

namespace llmbox {

namespace {

namespace fs = std::filesystem;

WeightMap open_safetensors(const fs::path& path) {
  const auto file = std::make_shared<SafetensorsFile>(SafetensorsFile::open(path));
  WeightMap weights;
  for (const auto& entry : file->entries())
    weights[entry.name] = {.file = path.string(),
                           .dtype = entry.dtype,
                           .shape = entry.shape,
                           .read = [file, &entry] { return file->tensor(entry.name); },
                           .mapping = file->mapping()};
  return weights;
}

/// How a folder may hold its weights, in the order in which they are looked for. "*" is the stem.
struct Layout {
  const char* single;
  WeightMap (*open)(const fs::path& path);
};
constexpr Layout kLayouts[] = {
    {"*.safetensors", open_safetensors}, {"pytorch_*.bin", open_torch_file}, {"*.bin", open_torch_file}};

std::string with_stem(std::string pattern, const std::string& stem) {
  return pattern.replace(pattern.find('*'), 1, stem);
}

/// A shard lies in the folder itself: an index must not lead anywhere else.
fs::path shard_path(const fs::path& index, const Json& value, const std::string& tensor) {
  if (!value.is_string()) fail(index.string(), "expected a file name for '{}', got {}", tensor, value.dump());
  const std::string name = value.get<std::string>();
  if (name.empty() || fs::path(name).filename() != name)
    fail(index.string(), "expected the name of a file in the folder for '{}', got '{}'", tensor, name);
  const fs::path path = index.parent_path() / name;
  if (!fs::exists(path)) fail(index.string(), "expected the shard '{}', the folder has none", name);
  return path;
}

WeightMap open_shards(const fs::path& index_path, const Layout& layout) {
  const Json index = read_json_file(index_path);
  if (!index.is_object() || !index.contains("weight_map") || !index["weight_map"].is_object())
    fail(index_path.string(), "expected an object 'weight_map', found none");
  std::map<fs::path, WeightMap> shards;
  WeightMap weights;
  for (const auto& [name, value] : index["weight_map"].items()) {
    const fs::path path = shard_path(index_path, value, name);
    auto shard = shards.find(path);
    if (shard == shards.end()) shard = shards.emplace(path, layout.open(path)).first;
    weights[name] = find_weight(shard->second, name, path.string());
  }
  return weights;
}

}  // namespace

at::Tensor Weight::read_once() const {
  if (mapping) mapping->release_pages();
  return read();
}

Weight weight_of(at::Tensor tensor, std::string file) {
  Weight weight{.file = std::move(file), .dtype = tensor.scalar_type(), .shape = tensor.sizes().vec()};
  weight.read = [tensor = std::move(tensor)] { return tensor; };
  return weight;
}

const Weight& find_weight(const WeightMap& weights, const std::string& name, const std::string& where) {
  const auto found = weights.find(name);
  if (found == weights.end()) fail(where, "expected the tensor '{}', found none", name);
  return found->second;
}

WeightMap open_weight_file(const fs::path& path) {
  return path.extension() == ".safetensors" ? open_safetensors(path) : open_torch_file(path);
}

WeightMap open_weight_folder(const fs::path& folder, const std::string& stem) {
  for (const Layout& layout : kLayouts) {
    const std::string single = with_stem(layout.single, stem);
    const fs::path index = folder / (single + ".index.json");
    if (fs::exists(index)) return open_shards(index, layout);
    if (fs::exists(folder / single)) return layout.open(folder / single);
  }
  fail(folder.string(), "expected {0}.safetensors, {0}.safetensors.index.json or pytorch_{0}.bin, found none", stem);
}

}  // namespace llmbox
