// Where a new decoder's tensors come from: a model's files, checked against the parameter table, or a seed.
#pragma once

#include "arch/spec.h"
#include "model/decoder.h"
#include "model/layers/parameters.h"
#include "model/model_files.h"

namespace llmbox {

/// A parameter and where the files hold it: one of the two is set.
struct FoundParameter {
  ParameterSpec parameter;
  const Weight* dense = nullptr;  // lives as long as the files
  std::shared_ptr<const PackedWeight> packed;
};

/// Every parameter of the table, in its order. Error naming file and tensor: missing, unknown to the model, wrong
/// shape, not floating point.
std::vector<FoundParameter> find_parameters(const ModelFiles& files, const ModelSpec& spec);

/// Every tensor of the table in options.dtype; views of the mapped files where they have that type. Packed weights stay
/// packed in linear layers and are made dense elsewhere. Errors of find_parameters.
ParameterSource read_parameters(const ModelFiles& files, const ModelSpec& spec, const LoadOptions& options);

/// Weights from N(0, initializer_range²), norms 1, biases 0. The same seed gives the same weights on every machine.
ParameterSource random_parameters(const ModelSpec& spec, uint64_t seed, const LoadOptions& options);

}  // namespace llmbox
