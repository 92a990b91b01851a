// trainer_log.jsonl and the results of a run: the files that people and the Board read. Lines of steps after the
// checkpoint that a run goes on from are cut off first, so no step is logged twice.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "core/atomic_file.h"
#include "core/json.h"

namespace llmbox {

class TrainJournal {
 public:
  /// Keeps the lines up to `step`; 0 starts a new log.
  TrainJournal(const std::filesystem::path& output_dir, int64_t step);
  void append(const Json& line) { file_->append(line); }

 private:
  std::unique_ptr<JournalFile> file_;
};

/// Writes SPLIT_results.json and merges it into all_results.json ("train", "eval").
void write_results(const std::filesystem::path& output_dir, const std::string& split, const Json& metrics);

/// training_loss.svg: the loss by step, as logged and smoothed (and the evaluation loss where there is one).
void write_loss_curve(const std::filesystem::path& path, const Json& log_history);

/// Exponential moving average with the reference's weight, which grows with the number of points.
std::vector<double> smooth_curve(const std::vector<double>& values);

}  // namespace llmbox
