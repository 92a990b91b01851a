// Decoder::save: the way back to a hub folder.
#include <ATen/ATen.h>

#include <system_error>

#include "core/atomic_file.h"
#include "core/error.h"
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

std::vector<std::pair<std::string, at::Tensor>> SpecDecoder::merged_parameters() const {
  // Linear layers speak for themselves through dequantize(); all else is written as it is.
  std::map<std::string, at::Tensor> merged;
  const_cast<SpecDecoder*>(this)->visit_linears([&](const LinearSpec& spec, std::shared_ptr<Linear>& layer) {
    const at::Tensor weight = layer->dequantize();
    merged[spec.name + ".weight"] = spec.transposed ? weight.t() : weight;
    if (spec.has_bias) merged[spec.name + ".bias"] = layer->bias();
  });
  std::map<std::string, at::Tensor> plain;
  for (const auto& [name, tensor] : all_tensors()) plain[name] = tensor;
  std::vector<std::pair<std::string, at::Tensor>> all;
  for (const ParameterSpec& parameter : parameter_table(spec_)) {
    const auto found = merged.find(parameter.name);
    const at::Tensor& tensor = found != merged.end() ? found->second : plain.at(parameter.name);
    all.emplace_back(parameter.name, parameter.is_buffer ? tensor : tensor.to(dtype()));
  }
  return all;
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
    std::vector<std::string> files = save_safetensors_folder(staging, merged_parameters(), max_shard_bytes);
    write_file_atomically(staging / "config.json", config_to_save().dump(2) + "\n");
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
