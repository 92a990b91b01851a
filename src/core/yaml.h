// YAML as users of LLaMA-Factory and of task files write it, read into Json. Plain scalars follow YAML 1.2: true/false,
// null/~/nothing, integers (also 0x1F), numbers (1e-4 and 1.0e-4 alike, .inf, .nan); everything else, and whatever
// stands in quotes, is text ("no" and "off" stay text). Anchors, aliases and << merges work; of a key given twice the
// last one counts.
#pragma once

#include <filesystem>
#include <string_view>

#include "core/json.h"

namespace llmbox {

/// Throws Error naming `where`, line and column of the fault. Empty text is null.
Json yaml_to_json(std::string_view text, std::string_view where);

Json read_yaml_file(const std::filesystem::path& path);

/// One plain scalar as above: "1e-4" → 0.0001, "abc" → "abc".
Json plain_scalar(std::string_view text);

}  // namespace llmbox
