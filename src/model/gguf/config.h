// config.json from a GGUF file's metadata, and the metadata from a config.json. A file that llmbox wrote carries the
// whole config under kConfigKey, so that it comes back as it was; other files are read by llama.cpp's keys.
#pragma once

#include "model/gguf/family.h"
#include "tensor/gguf.h"

namespace llmbox {

constexpr const char* kConfigKey = "llmbox.config_json";

/// Error naming the file and the key: one that is needed and missing, or of another type.
Json config_of_gguf(const GgufFile& file, const GgufFamily& family);

/// general.* and the architecture's keys. spec: the model's, for what the config leaves to defaults.
struct ModelSpec;
GgufMetadata gguf_metadata(const Json& config, const ModelSpec& spec, const GgufFamily& family);

}  // namespace llmbox
