// All requests of an evaluation, each asked once: equal requests share one answer, answers are written to a journal as
// they come and read from it when the same command runs again (after kill -9 too). The model gets all that is open at
// once.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "chat/language_model.h"

namespace llmbox {

struct JournalOptions {
  std::filesystem::path path;  // empty = no journal
  std::string model;           // what the answers depend on; a journal of another model is refused
  bool overwrite = false;      // start a new journal in place of refusing
};

class RequestSet {
 public:
  size_t add(ScoreRequest request);
  size_t add(GenerateRequest request);

  /// Asks the model what the journal does not answer. Throws Error where the journal belongs to another model.
  void run(LanguageModel& model, const JournalOptions& options);

  const ScoreResult& score(size_t id) const { return scores_[id]; }
  const Completion& completion(size_t id) const { return completions_[id]; }
  const ScoreRequest& request(size_t id) const { return score_requests_[id]; }
  /// Requests answered from the journal by the last run().
  size_t n_resumed() const { return n_resumed_; }

 private:
  std::unordered_map<std::string, size_t> score_ids_, generate_ids_;
  std::vector<ScoreRequest> score_requests_;
  std::vector<GenerateRequest> generate_requests_;
  std::vector<std::string> score_keys_, generate_keys_;
  std::vector<ScoreResult> scores_;
  std::vector<Completion> completions_;
  size_t n_resumed_ = 0;
};

}  // namespace llmbox
