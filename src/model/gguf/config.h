// config.json from a GGUF file's metadata, and the metadata from a config.json. A file that llmbox wrote carries the
// whole config under kConfigKey, so that it comes back as it was; other files are read by llama.cpp's keys.
#pragma once

#include "model/gguf/family.h"
#include "tensor/gguf.h"

namespace llmbox {

constexpr const char* kConfigKey = "llmbox.config_json";
// Divisors of the rotary frequencies, tensors of their own: one set, or one for short and one for long texts.
constexpr const char* kDivisors = "rope_freqs.weight";
constexpr const char* kShortFactors = "rope_factors_short.weight";
constexpr const char* kLongFactors = "rope_factors_long.weight";

/// Error naming the file and the key: one that is needed and missing, or of another type.
Json config_of_gguf(const GgufFile& file, const GgufFamily& family);

/// general.* and the architecture's keys. spec: the model's, for what the config leaves to defaults.
struct ModelSpec;
GgufEntries gguf_metadata(const Json& config, const ModelSpec& spec, const GgufFamily& family);

}  // namespace llmbox
