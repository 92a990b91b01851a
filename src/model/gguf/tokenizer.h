// The tokenizer of a model folder as GGUF metadata (llama.cpp's keys tokenizer.ggml.*): byte-level BPE as "gpt2",
// SentencePiece BPE as "llama", unigram as "t5". Read from tokenizer.json, tokenizer_config.json, config.json and
// chat_template.jinja.
#pragma once

#include "tensor/gguf.h"

namespace llmbox {

/// vocab_size: rows of the embedding; ids without a token become unused ones. Empty where the folder has no
/// tokenizer.json, or one of a kind that GGUF has no name for. Error naming the file: a tokenizer.json that is broken.
GgufEntries gguf_tokenizer(const std::filesystem::path& folder, int64_t vocab_size);

}  // namespace llmbox
