// The kinds of file that hold a tokenizer. Each reader builds the parts of a pipeline out of its file and what lies
// beside it, and throws Error naming the file where it is truncated, corrupt, or of a kind that llmbox does not know.
#pragma once

#include <filesystem>
#include <span>
#include <string_view>

#include "tokenizer/pipeline.h"

namespace llmbox {

struct TokenizerFile {
  const char* kind;
  const char* names;  // file names in a folder, by preference, separated by spaces; * stands for any text
  bool (*fits)(std::string_view name, std::string_view head);  // whether a file of that name and first bytes is one
  PipelineParts (*read)(const std::filesystem::path& path);
};

/// In the order in which a folder is searched.
std::span<const TokenizerFile> tokenizer_files();

/// The kind of a file; throws Error where it is none.
const TokenizerFile& kind_of_file(const std::filesystem::path& path);

PipelineParts read_tokenizer_json(const std::filesystem::path& path);
PipelineParts read_sentence_piece(const std::filesystem::path& path);
PipelineParts read_tiktoken(const std::filesystem::path& path);
PipelineParts read_vocab_merges(const std::filesystem::path& path);
PipelineParts read_bert_vocab(const std::filesystem::path& path);
PipelineParts read_gguf(const std::filesystem::path& path);
PipelineParts read_rwkv(const std::filesystem::path& path);
PipelineParts read_llama2c(const std::filesystem::path& path);

/// A file {"token": id, …}.
StringTable read_vocab_object(const std::filesystem::path& path);

/// The pipeline around a WordPiece vocabulary of BERT's kind.
PipelineParts build_bert(ModelDescription description, const Json& normalizer);

}  // namespace llmbox
