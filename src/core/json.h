// JSON as llmbox uses it: objects keep the order of their keys (tool schemas, rows and configs are written back as
// read).
#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string_view>

namespace llmbox {

using Json = nlohmann::ordered_json;

/// Parses one JSON text. Throws Error naming `where`, line and column of the fault; the text begins on `first_line`.
Json parse_json(std::string_view text, std::string_view where, int64_t first_line = 1);

/// Reads and parses a file. Throws Error naming the file (missing, unreadable, invalid).
Json read_json_file(const std::filesystem::path& path);

/// The whole file as bytes. Throws Error naming the file.
std::string read_text_file(const std::filesystem::path& path);

}  // namespace llmbox
