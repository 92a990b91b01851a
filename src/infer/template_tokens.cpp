#include "infer/template_tokens.h"

#include "core/log.h"

namespace llmbox {

std::shared_ptr<const Tokenizer> with_template_tokens(std::shared_ptr<const Tokenizer> tokenizer,
                                                      const ChatTemplate& chat_template, int64_t rows) {
  if (!chat_template.of_table()) return tokenizer;
  int64_t next = tokenizer->vocab_size();
  std::string without_row;
  auto fits = [&](const std::string& token) {
    if (tokenizer->token_to_id(token) || next++ < rows) return true;
    without_row += (without_row.empty() ? "" : ", ") + token;
    return false;
  };
  TokenRoles roles;
  std::string eos = chat_template.eos_replacement();
  if (eos.empty() && !tokenizer->eos_id()) eos = "<|endoftext|>";
  if (!eos.empty() && fits(eos)) roles.eos = eos;
  for (const std::string& word : chat_template.stop_words())
    if (word != eos && fits(word)) roles.special.push_back(word);
  if (!without_row.empty())
    log_warning("template {}: {} read as text, for the model has {} rows and none for new tokens; training with {}",
                chat_template.name(), without_row, rows, "resize_vocab: true adds them");
  return tokenizer->with_roles(roles);
}

}  // namespace llmbox
