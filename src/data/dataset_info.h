// dataset_info.json, LLaMA-Factory's registry of data sets: name → file, format, column and tag names. Only local files
// are read; entries on a hub are known by name and refused with the reason. Unknown keys and names are Errors that name
// the nearest known one. Immutable after load.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "core/json.h"

namespace llmbox {

enum class DatasetFormat { kAlpaca, kSharegpt, kOpenai };

/// Column names; an empty name: the set has no such column.
struct DatasetColumns {
  std::string prompt = "instruction", query = "input", response = "output", history;
  std::string messages = "conversations", system, tools;
  std::string chosen, rejected, kto_tag;
};

/// Keys and role names inside sharegpt and openai messages; empty: none.
struct DatasetTags {
  std::string role = "from", content = "value", user = "human", assistant = "gpt";
  std::string observation = "observation", function = "function_call", system = "system";
};

struct DatasetEntry {
  std::string name;
  std::filesystem::path path;  // file or folder; empty where the entry names a hub
  std::string hub;             // what else it names ("hf_hub_url: …"), for the refusal
  DatasetFormat format = DatasetFormat::kAlpaca;
  bool ranking = false;
  std::optional<std::string> subset;
  std::string split = "train";
  std::optional<int64_t> num_samples;
  bool named_columns = false;  // "columns" was given: every column it names must exist
  DatasetColumns columns;
  DatasetTags tags;

  /// One entry of the registry. Throws Error for unknown keys and wrong types.
  static DatasetEntry parse(const std::string& name, const Json& entry, const std::filesystem::path& folder);
};

class DatasetRegistry {
 public:
  /// Reads FOLDER/dataset_info.json. Throws Error where it is missing or invalid.
  static DatasetRegistry load(const std::filesystem::path& folder);
  /// Throws Error for an unknown name, naming the nearest.
  DatasetEntry find(const std::string& name) const;
  std::vector<std::string> names() const;

 private:
  std::filesystem::path folder_;
  Json entries_;
};

/// The files of an entry, in name order. Throws Error where they are missing, mixed or of no known kind.
std::vector<std::filesystem::path> dataset_files(const DatasetEntry& entry);

}  // namespace llmbox
