// Writing a model folder that transformers opens: config.json and the weights, whole or not at all. The weights come
// from any files, one at a time, so memory is bounded by the largest tensor.
#pragma once

#include "arch/spec.h"
#include "model/model_files.h"

namespace llmbox {

enum class WeightFormat {
  kSafetensors,
  kTorch,  // pytorch_model.bin, for programs that know nothing newer
};

/// config with what a folder of this type needs beside what it says: architectures, torch_dtype.
Json config_to_save(Json config, const ModelSpec& spec, at::ScalarType dtype);

/// The same weights under the table's names, dense and in `dtype` (buffers in float32), each made when it is read; the
/// config says so. Throws Error naming file and tensor: missing, unknown to the model, wrong shape.
ModelFiles dense_files(const ModelFiles& files, at::ScalarType dtype);

/// Requires: dense files. Throws Error naming the folder where it cannot be written; its old files are then untouched.
void save_model_files(const std::filesystem::path& folder, const ModelFiles& files, int64_t max_shard_bytes,
                      WeightFormat format = WeightFormat::kSafetensors);

}  // namespace llmbox
