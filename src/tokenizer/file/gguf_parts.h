// What the kinds of tokenizer in a GGUF file share, for reading one and for writing it as a hub folder's. Errors say
// what is missing; the caller adds the file's name.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "tokenizer/gguf_metadata.h"
#include "tokenizer/sentence_piece_model.h"

namespace llmbox {

const std::vector<std::string>& gguf_tokens(const GgufMetadata& metadata);
PieceKind gguf_kind(const GgufMetadata& metadata, size_t id);
/// The id of a role ("bos", "eos", "unknown", "padding"), where there is a token of it.
std::optional<int32_t> gguf_role(const GgufMetadata& metadata, const char* role);
bool gguf_flag(const GgufMetadata& metadata, const char* name, bool absent);
SentencePieceModel gguf_pieces(const GgufMetadata& metadata, bool unigram);
/// WordPiece's spelling: words as they are, continuing pieces with ##.
std::string gguf_word_piece(const GgufMetadata& metadata, size_t id);

}  // namespace llmbox
