// Decoder::save: the way back to a hub folder.
#include <ATen/ATen.h>

#include <system_error>

#include "core/atomic_file.h"
#include "core/error.h"
#include "model/model_files.h"
#include "model/spec_decoder.h"
#include "tensor/safetensors_folder.h"

namespace llmbox {

namespace {

namespace fs = std::filesystem;

constexpr const char* kStaging = ".saving";

const char* dtype_name(at::ScalarType type) {
  if (type == at::kBFloat16) return "bfloat16";
  if (type == at::kHalf) return "float16";
  return type == at::kDouble ? "float64" : "float32";
}

bool is_weight_file(const std::string& name) {
  return name == "model.safetensors" || name == "model.safetensors.index.json" ||
         (name.starts_with("model-") && name.ends_with(".safetensors"));
}

/// Moves the staged files into place; shards of an earlier, differently cut save go first.
void publish(const fs::path& staging, const fs::path& folder, const std::vector<std::string>& files) {
  for (const auto& entry : fs::directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    if (is_weight_file(name) && std::find(files.begin(), files.end(), name) == files.end()) fs::remove(entry.path());
  }
  for (const std::string& name : files) fs::rename(staging / name, folder / name);
  fs::remove_all(staging);
}

}  // namespace

ModelFiles SpecDecoder::files() const {
  ModelFiles files;
  files.path = "model";
  files.config = config_to_save();
  // Linear layers speak for themselves through dequantize(); all else is written as it is.
  std::map<std::string, std::pair<std::shared_ptr<Linear>, bool>> layers;
  std::map<std::string, at::Tensor> tensors;
  const_cast<SpecDecoder*>(this)->visit_linears([&](const LinearSpec& spec, std::shared_ptr<Linear>& layer) {
    layers[spec.name + ".weight"] = {layer, spec.transposed};
    if (spec.has_bias) tensors[spec.name + ".bias"] = layer->bias();
  });
  for (const auto& [name, tensor] : all_tensors()) tensors.emplace(name, tensor);
  for (const ParameterSpec& parameter : parameter_table(spec_)) {
    const auto layer = layers.find(parameter.name);
    const at::Tensor tensor = layer == layers.end() ? tensors.at(parameter.name) : at::Tensor();
    Weight weight{
        .file = "model", .dtype = parameter.is_buffer ? tensor.scalar_type() : dtype(), .shape = parameter.shape};
    if (tensor.defined()) {
      weight.read = [tensor, type = weight.dtype] { return tensor.to(type); };
    } else {
      weight.read = [linear = layer->second.first, turned = layer->second.second, type = weight.dtype] {
        const at::NoGradGuard no_grad;
        const at::Tensor dense = linear->dequantize().to(type);
        return turned ? dense.t() : dense;
      };
    }
    files.weights[parameter.name] = std::move(weight);
  }
  return files;
}

Json SpecDecoder::config_to_save() const {
  Json config = config_;
  if (!config.contains("architectures")) config["architectures"] = {spec_.architecture};
  config[config.contains("dtype") ? "dtype" : "torch_dtype"] = dtype_name(dtype());
  return config;
}

void SpecDecoder::save(const fs::path& folder, int64_t max_shard_bytes) const {
  const at::NoGradGuard no_grad;
  const fs::path staging = folder / kStaging;
  try {
    fs::create_directories(staging);
    const ModelFiles model = this->files();
    NamedWeights weights;
    for (const ParameterSpec& parameter : parameter_table(spec_))
      weights.emplace_back(parameter.name, model.weights.at(parameter.name));
    std::vector<std::string> files = save_safetensors_folder(staging, weights, max_shard_bytes);
    write_file_atomically(staging / "config.json", model.config.dump(2) + "\n");
    files.emplace_back("config.json");
    publish(staging, folder, files);
  } catch (const fs::filesystem_error& error) {
    fs::remove_all(staging);
    fail(folder.string(), "expected to write a model folder, got '{}'", error.code().message());
  } catch (...) {
    std::error_code ignored;
    fs::remove_all(staging, ignored);
    throw;
  }
}

}  // namespace llmbox
