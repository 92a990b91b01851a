#include "eval/prompt.h"

namespace llmbox {

namespace {

bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

/// A blank where text meets text and neither side has whitespace.
std::string joint(const std::string& left, const std::string& right) {
  const bool needed = !left.empty() && !right.empty() && !is_space(left.back()) && !is_space(right.front());
  return needed ? " " : "";
}

std::string without_leading_space(const std::string& text) {
  size_t begin = 0;
  while (begin < text.size() && is_space(text[begin])) ++begin;
  return text.substr(begin);
}

std::string without_trailing_space(std::string text) {
  while (!text.empty() && is_space(text.back())) text.pop_back();
  return text;
}

Prompt chat_prompt(LanguageModel& model, const PromptStyle& style, std::span<const Record> examples,
                   const std::string& source, const std::vector<std::string>& continuations) {
  Messages messages;
  if (!style.system_prompt.empty()) messages.push_back(make_message("system", style.system_prompt));
  for (const Record& example : examples) {
    messages.push_back(make_message("user", example.source));
    messages.push_back(make_message("assistant", example.target));
  }
  messages.push_back(make_message("user", source));
  return {model.render(messages), continuations};
}

}  // namespace

std::string PromptMaker::examples_text(std::span<const Record> examples) const {
  std::string text;
  for (const Record& example : examples)
    text += example.source + joint(example.source, example.target) + example.target + "\n\n";
  return text;
}

Prompt PromptMaker::make(std::span<const Record> examples, const std::string& source,
                         const std::vector<std::string>& continuations) const {
  if (style_.chat) return chat_prompt(model_, style_, examples, source, continuations);
  Prompt prompt{without_leading_space(examples_text(examples) + source), {}};
  for (const std::string& text : continuations)
    prompt.continuations.push_back(without_trailing_space(joint(prompt.context, text) + text));
  if (continuations.empty()) prompt.context = without_trailing_space(prompt.context);
  return prompt;
}

size_t PromptMaker::examples_that_fit(std::span<const Record> examples, int max_tokens) const {
  size_t n = examples.size();
  while (n > 0 && model_.count_tokens(examples_text(examples.first(n))) > max_tokens) --n;
  return n;
}

}  // namespace llmbox
