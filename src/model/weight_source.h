// Where a new decoder's tensors come from: the files of a folder, checked against the parameter table, or a seed.
#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "arch/spec.h"
#include "model/decoder.h"
#include "model/layers/parameters.h"

namespace llmbox {

using ParameterMap = std::map<std::string, at::Tensor>;

/// Every tensor of the table in options.dtype; views of the mapped files where they have that type. Error naming file
/// and tensor: missing, unknown to the model, wrong shape, not floating point.
ParameterMap read_parameters(const std::filesystem::path& folder, const ModelSpec& spec, const LoadOptions& options);

/// Weights from N(0, initializer_range²), norms 1, biases 0. The same seed gives the same weights on every machine.
ParameterMap random_parameters(const ModelSpec& spec, uint64_t seed, const LoadOptions& options);

}  // namespace llmbox
