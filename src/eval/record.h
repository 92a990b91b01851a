// From a row of a data file to what is asked: source text, options, the right answer. A RecordMaker holds the compiled
// templates of one task and subset; making records is thread-safe.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "eval/task.h"

namespace llmbox {

/// How a choice is made among options (docs/evaluation: ranking types of LLMBox).
enum class Ranking { kPplNoOption, kPpl, kProb, kGeneration };

/// Throws Error for another name.
Ranking parse_ranking(const std::string& name);

struct Record {
  std::string source;                      // the prompt of this record alone
  std::vector<std::string> options;        // as the row has them
  int answer = -1;                         // index of the right option
  std::vector<std::string> references;     // generation: accepted answers
  std::string target;                      // what follows the source where the record serves as an example
  std::vector<std::string> continuations;  // what ranking scores, without the joining blank
};

class RecordMaker {
 public:
  /// `instruction` replaces the task's prompt where it is not empty.
  RecordMaker(const TaskSpec& task, std::string subset, Ranking ranking, const std::string& instruction = "");
  ~RecordMaker();

  /// Whether the task keeps this row.
  bool keeps(const Json& row) const;
  /// `option_order`: position → option of the row; empty = as they stand. Throws Error naming row and fault.
  Record make(const Json& row, size_t index, const std::vector<int>& option_order = {}) const;
  /// The content-free prompt of the normalisation pass; nullopt where the task has none.
  std::optional<std::string> content_free(const Record& record) const;
  /// A perplexity task's document.
  std::string document(const Json& row, size_t index) const;

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

/// 'A' for 0 … 'Z' for 25.
std::string option_letter(int index);

}  // namespace llmbox
