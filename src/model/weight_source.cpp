#include "model/weight_source.h"

#include <ATen/ATen.h>
#include <fmt/ranges.h>

#include <set>

#include "core/error.h"
#include "core/rng.h"
#include "core/thread_pool.h"
#include "tensor/safetensors.h"

namespace llmbox {

namespace {

using ParameterMap = std::map<std::string, at::Tensor>;

ParameterSource source_of(ParameterMap parameters) {
  return ParameterSource([parameters = std::move(parameters)](const std::string& name) { return parameters.at(name); });
}

/// Norms of the first files have gamma and beta.
std::string old_name(const std::string& name) {
  if (name.ends_with(".weight")) return name.substr(0, name.size() - 6) + "gamma";
  return name.ends_with(".bias") ? name.substr(0, name.size() - 4) + "beta" : name;
}

/// Files of a bare model leave the prefix out ("h.0…" for "transformer.h.0…").
template <class Map>
typename Map::const_iterator find_parameter(const Map& map, const ModelSpec& spec, const std::string& name) {
  for (const std::string& candidate : {name, old_name(name)}) {
    if (const auto found = map.find(candidate); found != map.end()) return found;
    if (!candidate.starts_with(spec.base_prefix)) continue;
    if (const auto found = map.find(candidate.substr(spec.base_prefix.size())); found != map.end()) return found;
  }
  return map.end();
}

void check_shape(const std::vector<int64_t>& shape, const std::vector<int64_t>& expected, const std::string& where) {
  if (shape != expected)
    fail(where, "expected shape [{}] by config.json, got [{}]", fmt::join(expected, ", "), fmt::join(shape, ", "));
}

void check_dense(const Weight& weight, const ParameterSpec& parameter, const std::string& name) {
  const std::string where = weight.file + ": " + name;
  if (!at::isFloatingType(weight.dtype) || at::elementSize(weight.dtype) < 2)
    fail(where, "expected a dtype of F32, BF16, F16 or F64, got {}", safetensors_dtype(weight.dtype));
  check_shape(weight.shape, parameter.shape, where);
}

/// Packed formats know (out, in) only, also where the plain file would hold (in, out).
void check_packed(const PackedWeight& weight, const ParameterSpec& parameter, const std::string& where) {
  std::vector<int64_t> shape = parameter.shape;
  if (parameter.transposed) std::swap(shape[0], shape[1]);
  check_shape(weight.shape(), shape, where);
}

at::Tensor read_parameter(const FoundParameter& found, const LoadOptions& options) {
  at::Tensor tensor = found.dense->read();
  if (found.parameter.unit_rows) {
    const at::Tensor wide = tensor.to(at::kFloat);
    tensor = wide / wide.norm(2, {1}, true).clamp_min(1e-12);
  }
  return tensor.to(options.device, found.parameter.is_buffer ? at::kFloat : options.dtype).contiguous();
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
void refuse_unknown(const ModelFiles& files, const ModelSpec& spec, const std::set<std::string>& used) {
  for (const auto& [name, weight] : files.weights) {
    if (used.contains(name) || is_ignored(spec, name)) continue;
    fail(weight.file, "expected tensors of a {} model only, got '{}'", spec.model_type, name);
  }
  for (const auto& [name, weight] : files.packed)
    if (!used.contains(name))
      fail(files.path.string(), "expected tensors of a {} model only, got '{}'", spec.model_type, name);
}

/// Hands out what read_parameters found.
struct ReadParameters {
  ParameterMap dense;
  PackedWeights packed;  // under the names of the table
  at::TensorOptions options;

  at::Tensor tensor(const std::string& name) const {
    const auto found = packed.find(name);
    return found == packed.end() ? dense.at(name) : found->second->dequantize().to(options);
  }

  std::shared_ptr<Linear> layer(const LinearSpec& spec) const {
    const auto found = packed.find(spec.name + ".weight");
    if (found == packed.end()) return nullptr;
    const at::Tensor bias = spec.has_bias ? tensor(spec.name + ".bias") : at::Tensor();
    return std::make_shared<PackedLinear>(found->second, bias, options);
  }
};

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

std::vector<FoundParameter> find_parameters(const ModelFiles& files, const ModelSpec& spec) {
  const std::string where = files.path.string();
  std::vector<FoundParameter> all;
  std::set<std::string> used;
  for (ParameterSpec& parameter : parameter_table(spec)) {
    const auto packed = find_parameter(files.packed, spec, parameter.name);
    const auto dense = find_parameter(files.weights, spec, parameter.name);
    if (packed != files.packed.end()) {
      check_packed(*packed->second, parameter, where + ": " + packed->first);
      used.insert(packed->first);
      all.push_back({.parameter = std::move(parameter), .packed = packed->second});
    } else if (dense != files.weights.end()) {
      check_dense(dense->second, parameter, dense->first);
      used.insert(dense->first);
      all.push_back({.parameter = std::move(parameter), .dense = &dense->second});
    } else {
      fail(where, "expected the tensor '{}', found none", parameter.name);
    }
  }
  refuse_unknown(files, spec, used);
  return all;
}

ParameterSource read_parameters(const ModelFiles& files, const ModelSpec& spec, const LoadOptions& options) {
  auto read = std::make_shared<ReadParameters>();
  read->options = at::TensorOptions().dtype(options.dtype).device(options.device);
  for (const FoundParameter& found : find_parameters(files, spec)) {
    if (found.packed)
      read->packed[found.parameter.name] = found.packed;
    else
      read->dense[found.parameter.name] = read_parameter(found, options);
  }
  return ParameterSource([read](const std::string& name) { return read->tensor(name); },
                         [read](const LinearSpec& linear) { return read->layer(linear); });
}

ParameterSource random_parameters(const ModelSpec& spec, uint64_t seed, const LoadOptions& options) {
  ParameterMap parameters;
  uint64_t tensor_number = 0;
  for (const ParameterSpec& parameter : parameter_table(spec)) {
    at::Tensor tensor = at::zeros(parameter.shape, at::kFloat);
    if (parameter.init == ParameterInit::one) tensor.fill_(1);
    if (parameter.init == ParameterInit::normal) fill_normal(tensor, spec.initializer_range, seed, tensor_number << 32);
    parameters[parameter.name] = tensor.to(options.device, parameter.is_buffer ? at::kFloat : options.dtype);
    ++tensor_number;
  }
  return source_of(std::move(parameters));
}

}  // namespace llmbox
