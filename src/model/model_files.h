// A model as its files describe it, before it is built: config, dense tensors, packed tensors. Nothing is read but
// headers. open_model_files knows the containers; quant/ turns the tensors of a quantized folder into packed weights.
#pragma once

#include <filesystem>

#include "core/json.h"
#include "model/packed_linear.h"
#include "tensor/weight_map.h"

namespace llmbox {

struct ModelFiles {
  std::filesystem::path path;  // the folder or file, for errors
  Json config;                 // as config.json of the hub
  WeightMap weights;
  PackedWeights packed;  // parameters that are not in `weights`
};

/// A folder (config.json and safetensors or pytorch_model.bin), a GGUF file or a model of llama2.c. Throws Error naming
/// the file.
ModelFiles open_model_files(const std::filesystem::path& path);

}  // namespace llmbox
