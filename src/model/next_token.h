// Which models predict the next token: what generates, scores texts or trains as a language model asks here first.
#pragma once

#include "arch/spec.h"

namespace llmbox {

/// Throws Error for a reward model or classifier, and for a model with an encoder (BERT, T5).
void require_next_token_model(const ModelSpec& spec);

}  // namespace llmbox
