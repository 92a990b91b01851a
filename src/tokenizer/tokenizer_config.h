// What the files beside a tokenizer add to it: tokenizer_config.json, special_tokens_map.json, config.json and
// generation_config.json name the special tokens and say how texts begin, end and are cleaned up.
#pragma once

#include <filesystem>

#include "tokenizer/pipeline.h"

namespace llmbox {

/// Completes the parts from the folder's files, each of which may be missing.
void apply_tokenizer_config(const std::filesystem::path& folder, PipelineParts& parts);

}  // namespace llmbox
