// The tokenizer of a GGUF file as the files that a hub folder has: tokenizer.json, tokenizer_config.json with roles and
// chat template, and tokenizer.model for SentencePiece vocabularies. Texts have the ids that they have through the GGUF
// file. Merges of a SentencePiece vocabulary, which GGUF leaves out, are worked out from its pieces.
#pragma once

#include <filesystem>

namespace llmbox {

/// Writes each file atomically. False where the file has no tokenizer. Error naming the file: one that is broken, or of
/// a kind that we do not read.
bool save_gguf_tokenizer(const std::filesystem::path& gguf, const std::filesystem::path& folder);

}  // namespace llmbox
