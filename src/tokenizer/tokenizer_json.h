// Reads tokenizer.json into the parts of a pipeline. Throws Error naming the file where it is missing, truncated, not
// JSON, or holds a part that llmbox does not know.
#pragma once

#include <filesystem>

#include "tokenizer/pipeline.h"

namespace llmbox {

PipelineParts read_tokenizer_json(const std::filesystem::path& path);

}  // namespace llmbox
