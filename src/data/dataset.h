// Data sets by name → examples in their final order: rows read, num_samples and max_samples applied, sets mixed, the
// validation part split off. Broken rows are counted and named, never silently lost.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "data/example.h"

namespace llmbox {

struct DatasetRequest {
  std::filesystem::path folder = "data";  // holds dataset_info.json
  std::vector<std::string> names;
  bool pretraining = false;             // stage pt: the prompt is the text, no reply is needed
  int64_t max_samples = 0;              // of each set; 0: all
  std::string mix_strategy = "concat";  // concat, interleave_under, interleave_over
  std::vector<double> interleave_probs = {};
  uint64_t seed = 42;
};

/// What became of one set's rows.
struct DatasetCount {
  std::string name;
  int64_t rows = 0;                       // read, after num_samples and max_samples
  int64_t broken = 0;                     // wrong roles or counts
  int64_t no_reply = 0;                   // nothing to learn from
  std::vector<std::string> first_faults;  // up to three, with row numbers
};

struct DatasetExamples {
  std::vector<Example> examples;
  std::vector<DatasetCount> counts;
};

/// Throws Error for unknown sets, missing columns, sets of the wrong kind and where nothing is left.
DatasetExamples load_datasets(const DatasetRequest& request);

/// Moves a random part to the second list: val_size ≥ 1 examples, or that share below 1.
std::vector<Example> split_validation(std::vector<Example>& examples, double val_size, uint64_t seed);

/// "a, b" → {"a", "b"}.
std::vector<std::string> split_names(const std::string& list);

}  // namespace llmbox
