// A named chat template's marks as tokens of the tokenizer, as LLaMA-Factory makes them: its eos, its stop words.
#pragma once

#include <memory>

#include "chat/chat_template.h"
#include "tokenizer/tokenizer.h"

namespace llmbox {

/// The tokenizer in which the template's marks are special tokens. Marks that it lacks get new ids as far as the model
/// has `rows` for them; of others a warning says that they are read as text. A model's own template changes nothing.
std::shared_ptr<const Tokenizer> with_template_tokens(std::shared_ptr<const Tokenizer> tokenizer,
                                                      const ChatTemplate& chat_template, int64_t rows);

}  // namespace llmbox
