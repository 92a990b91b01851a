// llama2.c's model files: version 0 (a header of seven integers, float32 matrices by kind, then by layer) and version 1
// (magic "ak42", header of 256 bytes, norms first). Rows of q and k pair neighbours and are put in the hub's order.
#pragma once

#include "model/model_files.h"

namespace llmbox {

/// Throws Error naming the file: sizes that do not fit the file, version 2 (int8).
ModelFiles open_llama2c_model(const std::filesystem::path& path);

/// Writes version 0, one tensor in memory at a time, whole or not at all. Throws Error for a model that llama2.c cannot
/// compute: it knows Llamas with rope of theta 10000.
void save_llama2c_model(const std::filesystem::path& path, const ModelFiles& files);

}  // namespace llmbox
