// A sample as a person reads it: the text that the model sees, its targets marked (in colour on a terminal, else in
// ⟦ ⟧), special tokens spelled out.
#pragma once

#include <string>

#include "data/sample.h"
#include "tokenizer/tokenizer.h"

namespace llmbox {

struct PreviewOptions {
  bool colour = false;
  int64_t most_tokens = 0;  // 0: all
};

std::string preview_sample(const Sample& sample, const Tokenizer& tokenizer, const PreviewOptions& options);

}  // namespace llmbox
