// Loading models whose weights are quantized (config.json's quantization_config says how) as well as plain ones. Linear
// layers keep the packed form; everything else becomes dense. A saved model is dense: save() writes what the layers act
// as. Throws Error: a method that is not in format/table.cpp (lists ours), tensors that do not fit together.
#pragma once

#include "model/decoder.h"
#include "model/model_files.h"

namespace llmbox {

/// Moves the tensors of quantized layers from files.weights to files.packed; the config loses quantization_config.
void pack_quantized(ModelFiles& files);

std::unique_ptr<Decoder> load_decoder(const std::filesystem::path& path, const LoadOptions& options = {});

}  // namespace llmbox
