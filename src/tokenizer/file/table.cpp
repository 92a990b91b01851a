// Every kind of file that a tokenizer may lie in.
#include <fstream>

#include "core/error.h"
#include "tokenizer/file/tokenizer_file.h"

namespace llmbox {

namespace {

namespace fs = std::filesystem;

bool starts_as_json(std::string_view head) {
  size_t first = head.find_first_not_of(" \t\r\n");
  return first != std::string_view::npos && head[first] == '{';
}

bool is_json(std::string_view name, std::string_view head) {
  return !name.ends_with("vocab.json") && !name.ends_with(".txt") && (starts_as_json(head) || name.ends_with(".json"));
}

bool is_vocab_json(std::string_view name, std::string_view) {
  return name.ends_with("vocab.json") || name.ends_with("merges.txt");
}

bool is_gguf(std::string_view name, std::string_view head) {
  return head.starts_with("GGUF") || name.ends_with(".gguf");
}

// "IQ== 0\n"
bool is_tiktoken(std::string_view name, std::string_view head) {
  if (name.ends_with("merges.txt")) return false;
  std::string_view line = head.substr(0, head.find('\n'));
  size_t space = line.find(' ');
  bool ranked = space != std::string_view::npos && space > 0 && space + 1 < line.size() &&
                line.find_first_not_of("0123456789\r", space + 1) == std::string_view::npos;
  return name.ends_with(".tiktoken") || (ranked && space % 4 == 0);
}

// Field 1, a message: the first piece.
bool is_sentence_piece(std::string_view name, std::string_view head) {
  return head.starts_with("\x0A") || name.ends_with(".model") || name.starts_with("tokenizer.model.");
}

bool is_rwkv(std::string_view name, std::string_view head) {
  return name.ends_with(".txt") &&
         (name.starts_with("rwkv") || head.starts_with("1 '") || head.starts_with("1 b'") || head.starts_with("1 \""));
}

bool is_text_file(std::string_view name, std::string_view head) {
  return name.ends_with(".txt") && !is_rwkv(name, head) && !name.ends_with("merges.txt");
}

bool is_binary(std::string_view name, std::string_view) { return name.ends_with(".bin"); }

constexpr TokenizerFile kFiles[] = {
    {"tokenizer.json", "tokenizer.json", is_json, read_tokenizer_json},
    {"tiktoken ranks", "*.tiktoken", is_tiktoken, read_tiktoken},
    {"SentencePiece model", "tokenizer.model spiece.model sentencepiece.bpe.model *.model tokenizer.model.*",
     is_sentence_piece, read_sentence_piece},
    {"vocab.json with merges.txt", "vocab.json", is_vocab_json, read_vocab_merges},
    {"RWKV vocabulary", "rwkv_vocab*.txt", is_rwkv, read_rwkv},
    {"BERT vocabulary", "vocab.txt", is_text_file, read_bert_vocab},
    {"GGUF", "*.gguf", is_gguf, read_gguf},
    {"llama2.c vocabulary", "tokenizer.bin tok*.bin", is_binary, read_llama2c},
};

std::string head_of(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) fail(path.string(), "expected a readable file");
  std::string head(4096, '\0');
  file.read(head.data(), static_cast<std::streamsize>(head.size()));
  head.resize(static_cast<size_t>(file.gcount()));
  return head;
}

}  // namespace

std::span<const TokenizerFile> tokenizer_files() { return kFiles; }

const TokenizerFile& kind_of_file(const fs::path& path) {
  std::string name = path.filename().string();
  std::string head = head_of(path);
  for (const TokenizerFile& file : kFiles)
    if (file.fits(name, head)) return file;
  fail(path.string(), "expected a tokenizer, got a file of no known kind; try tokenizer.json, tokenizer.model, {}",
       "vocab.json with merges.txt, vocab.txt, *.tiktoken, *.gguf or tokenizer.bin");
}

}  // namespace llmbox
