// Joins examples and a record into what the model gets. A base model gets plain text (LLMBox's template `base`:
// example, blank where neither side has one, answer, empty line); a chat model gets a conversation through its own
// template.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "chat/language_model.h"
#include "eval/record.h"

namespace llmbox {

struct PromptStyle {
  bool chat = false;
  std::string system_prompt;  // chat only
};

struct Prompt {
  std::string context;                     // what the model reads
  std::vector<std::string> continuations;  // what ranking scores after it, joining blank included
};

class PromptMaker {
 public:
  /// Keeps references: model and examples must outlive it.
  PromptMaker(LanguageModel& model, PromptStyle style) : model_(model), style_(std::move(style)) {}

  Prompt make(std::span<const Record> examples, const std::string& source,
              const std::vector<std::string>& continuations) const;
  /// How many of the examples fit into `max_tokens`, whole ones dropped from the end. All where the model cannot count.
  size_t examples_that_fit(std::span<const Record> examples, int max_tokens) const;

 private:
  std::string examples_text(std::span<const Record> examples) const;

  LanguageModel& model_;
  PromptStyle style_;
};

}  // namespace llmbox
