#include "model/weight_source.h"

#include <ATen/ATen.h>
#include <fmt/ranges.h>

#include <set>

#include "core/error.h"
#include "core/rng.h"
#include "core/thread_pool.h"
#include "tensor/safetensors_folder.h"

namespace llmbox {

namespace {

/// Norms of the first files have gamma and beta.
std::string old_name(const std::string& name) {
  if (name.ends_with(".weight")) return name.substr(0, name.size() - 6) + "gamma";
  return name.ends_with(".bias") ? name.substr(0, name.size() - 4) + "beta" : name;
}

/// Files of a bare model leave the prefix out ("h.0…" for "transformer.h.0…").
std::string name_in_files(const SafetensorsFolder& files, const ModelSpec& spec, const std::string& name) {
  std::vector<std::string> candidates = {name, old_name(name)};
  if (!spec.base_prefix.empty() && name.starts_with(spec.base_prefix))
    for (const std::string& candidate : {name, old_name(name)})
      candidates.push_back(candidate.substr(spec.base_prefix.size()));
  for (const std::string& candidate : candidates)
    if (files.contains(candidate)) return candidate;
  return name;
}

at::Tensor read_parameter(const SafetensorsFile& file, const std::string& name, const ParameterSpec& parameter,
                          const LoadOptions& options) {
  const auto& entry = file.entry(name);
  const std::string where = file.path().string() + ": " + name;
  if (!at::isFloatingType(entry.dtype) || at::elementSize(entry.dtype) < 2)
    fail(where, "expected a dtype of F32, BF16, F16 or F64, got {}", safetensors_dtype(entry.dtype));
  if (entry.shape != parameter.shape)
    fail(where, "expected shape [{}] by config.json, got [{}]", fmt::join(parameter.shape, ", "),
         fmt::join(entry.shape, ", "));
  at::Tensor tensor = file.tensor(name);
  if (parameter.unit_rows) {
    const at::Tensor wide = tensor.to(at::kFloat);
    tensor = wide / wide.norm(2, {1}, true).clamp_min(1e-12);
  }
  return tensor.to(options.device, parameter.is_buffer ? at::kFloat : options.dtype);
}

bool is_ignored(const ModelSpec& spec, const std::string& name) {
  if (spec.tied_head && name == spec.head.name + ".weight") return true;
  for (const std::string& end : spec.ignored)
    if (name.ends_with(end)) return true;
  for (const std::string& begin : spec.ignored_prefixes)
    if (name.starts_with(begin)) return true;
  return false;
}

/// A tensor that nobody reads means that the config tells of another model.
void refuse_unknown(const SafetensorsFolder& files, const ModelSpec& spec, const std::set<std::string>& used) {
  for (const std::string& name : files.names()) {
    if (used.contains(name) || is_ignored(spec, name)) continue;
    fail(files.file(name).path().string(), "expected tensors of a {} model only, got '{}'", spec.model_type, name);
  }
}

/// Chunks have their own random streams, so the result does not depend on the threads.
void fill_normal(at::Tensor& tensor, double deviation, uint64_t seed, uint64_t first_stream) {
  constexpr int64_t kChunk = 1 << 16;
  float* data = tensor.data_ptr<float>();
  const int64_t size = tensor.numel();
  parallel_for((size + kChunk - 1) / kChunk, 1, [&](int64_t begin, int64_t end) {
    for (int64_t chunk = begin; chunk < end; ++chunk) {
      Rng rng(seed, first_stream + static_cast<uint64_t>(chunk));
      for (int64_t i = chunk * kChunk; i < std::min(size, (chunk + 1) * kChunk); ++i)
        data[i] = static_cast<float>(deviation * rng.normal());
    }
  });
}

}  // namespace

ParameterMap read_parameters(const std::filesystem::path& folder, const ModelSpec& spec, const LoadOptions& options) {
  const SafetensorsFolder files = SafetensorsFolder::open(folder);
  ParameterMap parameters;
  std::set<std::string> used;
  for (const ParameterSpec& parameter : parameter_table(spec)) {
    const std::string name = name_in_files(files, spec, parameter.name);
    parameters[parameter.name] = read_parameter(files.file(name), name, parameter, options);
    used.insert(name);
  }
  refuse_unknown(files, spec, used);
  return parameters;
}

ParameterMap random_parameters(const ModelSpec& spec, uint64_t seed, const LoadOptions& options) {
  ParameterMap parameters;
  uint64_t tensor_number = 0;
  for (const ParameterSpec& parameter : parameter_table(spec)) {
    at::Tensor tensor = at::zeros(parameter.shape, at::kFloat);
    if (parameter.init == ParameterInit::one) tensor.fill_(1);
    if (parameter.init == ParameterInit::normal) fill_normal(tensor, spec.initializer_range, seed, tensor_number << 32);
    parameters[parameter.name] = tensor.to(options.device, parameter.is_buffer ? at::kFloat : options.dtype);
    ++tensor_number;
  }
  return parameters;
}

}  // namespace llmbox
