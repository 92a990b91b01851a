#include "model/save.h"

#include <ATen/ATen.h>

#include <system_error>

#include "core/atomic_file.h"
#include "core/error.h"
#include "model/spec_decoder.h"
#include "model/weight_source.h"
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

/// Of either format: what an earlier save left must not be read instead of what is new.
bool is_weight_file(const std::string& name) {
  for (const auto& [stem, end] : {std::pair{"model", ".safetensors"}, {"pytorch_model", ".bin"}}) {
    const std::string single = std::string(stem) + end;
    if (name == single || name == single + ".index.json") return true;
    if (name.starts_with(std::string(stem) + "-") && name.ends_with(end)) return true;
  }
  return false;
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
  files.config = config_to_save(config_, spec_, dtype());
  // Linear layers speak for themselves through dequantize(); all else is written as it is.
  std::map<std::string, std::shared_ptr<Linear>> layers;
  std::map<std::string, at::Tensor> tensors;
  const_cast<SpecDecoder*>(this)->visit_linears([&](const LinearSpec& spec, std::shared_ptr<Linear>& layer) {
    layers[spec.name + ".weight"] = layer;
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
      weight.read = [linear = layer->second, turned = parameter.transposed, type = weight.dtype] {
        const at::NoGradGuard no_grad;
        const at::Tensor dense = linear->dequantize().to(type);
        return turned ? dense.t() : dense;
      };
    }
    files.weights[parameter.name] = std::move(weight);
  }
  return files;
}

void SpecDecoder::save(const fs::path& folder, int64_t max_shard_bytes) const {
  save_model_files(folder, files(), max_shard_bytes);
}

Json config_to_save(Json config, const ModelSpec& spec, at::ScalarType dtype) {
  if (!config.contains("architectures")) config["architectures"] = {spec.architecture};
  config[config.contains("dtype") ? "dtype" : "torch_dtype"] = dtype_name(dtype);
  return config;
}

ModelFiles dense_files(const ModelFiles& files, at::ScalarType dtype) {
  const ModelSpec spec = parse_model_spec(files.config, (files.path / "config.json").string());
  ModelFiles dense{.path = files.path, .config = config_to_save(files.config, spec, dtype)};
  for (const FoundParameter& found : find_parameters(files, spec)) {
    const ParameterSpec& parameter = found.parameter;
    Weight weight{
        .file = files.path.string(), .dtype = parameter.is_buffer ? at::kFloat : dtype, .shape = parameter.shape};
    if (found.packed) {
      weight.read = [packed = found.packed, turned = parameter.transposed, type = weight.dtype] {
        const at::Tensor values = packed->dequantize_once().to(type);
        return turned ? values.t() : values;
      };
    } else {
      weight.read = [dense = *found.dense, type = weight.dtype] { return dense.read_once().to(type); };
    }
    dense.weights[parameter.name] = std::move(weight);
  }
  return dense;
}

void save_model_files(const fs::path& folder, const ModelFiles& files, int64_t max_shard_bytes, WeightFormat format) {
  const at::NoGradGuard no_grad;
  const ModelSpec spec = parse_model_spec(files.config, (files.path / "config.json").string());
  const fs::path staging = folder / kStaging;
  const bool is_new = !fs::exists(folder);
  const auto clear = [&] {
    std::error_code ignored;
    fs::remove_all(staging, ignored);
    if (is_new) fs::remove(folder, ignored);  // where nothing else came into it
  };
  try {
    fs::create_directories(staging);
    NamedWeights weights;
    for (const ParameterSpec& parameter : parameter_table(spec))
      weights.emplace_back(parameter.name, files.weights.at(parameter.name));
    const auto save = format == WeightFormat::kTorch ? save_torch_folder : save_safetensors_folder;
    std::vector<std::string> names = save(staging, weights, max_shard_bytes);
    write_file_atomically(staging / "config.json", files.config.dump(2) + "\n");
    names.emplace_back("config.json");
    publish(staging, folder, names);
  } catch (const fs::filesystem_error& error) {
    clear();
    fail(folder.string(), "expected to write a model folder, got '{}'", error.code().message());
  } catch (...) {
    clear();
    throw;
  }
}

}  // namespace llmbox
