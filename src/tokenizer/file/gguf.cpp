// The tokenizer in a GGUF file's metadata: llama (SentencePiece BPE), t5 (unigram), gpt2 (byte-level BPE) and bert.
#include <algorithm>

#include "core/error.h"
#include "core/json.h"
#include "tokenizer/byte_level_rules.h"
#include "tokenizer/file/gguf_parts.h"
#include "tokenizer/file/tokenizer_file.h"

namespace llmbox {

const std::vector<std::string>& gguf_tokens(const GgufMetadata& metadata) {
  const std::vector<std::string>* tokens = metadata.texts("ggml.tokens");
  if (!tokens || tokens->empty()) fail("tokenizer", "expected tokenizer.ggml.tokens, got none; try a full model file");
  return *tokens;
}

PieceKind gguf_kind(const GgufMetadata& metadata, size_t id) {
  const std::vector<double>* kinds = metadata.numbers("ggml.token_type");
  if (!kinds || id >= kinds->size()) return PieceKind::kNormal;
  double kind = (*kinds)[id];
  return kind >= 1 && kind <= 6 ? static_cast<PieceKind>(kind) : PieceKind::kNormal;
}

std::optional<int32_t> gguf_role(const GgufMetadata& metadata, const char* role) {
  std::optional<double> id = metadata.number(fmt::format("ggml.{}_token_id", role));
  if (!id || *id < 0 || *id >= static_cast<double>(gguf_tokens(metadata).size())) return std::nullopt;
  return static_cast<int32_t>(*id);
}

bool gguf_flag(const GgufMetadata& metadata, const char* name, bool absent) {
  return metadata.flag(fmt::format("ggml.{}", name)).value_or(absent);
}

SentencePieceModel gguf_pieces(const GgufMetadata& metadata, bool unigram) {
  SentencePieceModel model;
  const std::vector<std::string>& tokens = gguf_tokens(metadata);
  const std::vector<double>* scores = metadata.numbers("ggml.scores");
  if (!scores || scores->size() != tokens.size())
    fail("tokenizer", "expected {} numbers in tokenizer.ggml.scores, got {}", tokens.size(),
         scores ? scores->size() : 0);
  size_t n_bytes = 0;
  for (size_t id = 0; id < tokens.size(); ++id) {
    model.pieces.push_back({tokens[id], static_cast<float>((*scores)[id]), gguf_kind(metadata, id)});
    n_bytes += model.pieces.back().kind == PieceKind::kByte;
  }
  model.algorithm = unigram ? SentencePieceModel::Algorithm::kUnigram : SentencePieceModel::Algorithm::kBpe;
  model.byte_fallback = n_bytes == 256;
  model.unknown = gguf_role(metadata, "unknown").value_or(unigram ? 2 : 0);
  model.bos = gguf_role(metadata, "bos").value_or(-1);
  model.eos = gguf_role(metadata, "eos").value_or(-1);
  model.pad = gguf_role(metadata, "padding").value_or(-1);
  model.add_bos = gguf_flag(metadata, "add_bos_token", !unigram);
  model.add_eos = gguf_flag(metadata, "add_eos_token", unigram);
  model.rules.add_dummy_prefix = gguf_flag(metadata, "add_space_prefix", true);
  model.rules.remove_extra_whitespaces = gguf_flag(metadata, "remove_extra_whitespaces", false);
  if (const std::vector<double>* map = metadata.numbers("ggml.precompiled_charsmap"))
    for (double byte : *map) model.rules.charsmap += static_cast<char>(static_cast<int>(byte));
  return model;
}

std::string gguf_word_piece(const GgufMetadata& metadata, size_t id) {
  // The converter writes words with a visible space in front and continuing tokens without their ##.
  constexpr std::string_view kSpace = "▁";
  std::string token = gguf_tokens(metadata)[id];
  if (token.starts_with(kSpace)) return token.substr(kSpace.size());
  const bool is_marked = token.starts_with('[') && token.ends_with(']');
  return gguf_kind(metadata, id) == PieceKind::kNormal && !is_marked ? "##" + token : token;
}

namespace {

void add_marked_tokens(const GgufMetadata& metadata, PipelineParts& parts) {
  const std::vector<std::string>& tokens = gguf_tokens(metadata);
  for (size_t id = 0; id < tokens.size(); ++id) {
    PieceKind kind = gguf_kind(metadata, id);
    if (kind != PieceKind::kControl && kind != PieceKind::kUserDefined) continue;
    if (kind == PieceKind::kUserDefined && tokens[id].starts_with("[PAD")) continue;  // fills the vocabulary up
    parts.added.push_back({.id = static_cast<int32_t>(id),
                           .content = tokens[id],
                           .normalized = false,
                           .special = kind == PieceKind::kControl});
  }
  parts.special = {gguf_role(metadata, "bos"), gguf_role(metadata, "eos"), gguf_role(metadata, "padding")};
}

PipelineParts read_byte_level(const GgufMetadata& metadata) {
  ModelDescription description;
  const std::vector<std::string>& tokens = gguf_tokens(metadata);
  description.vocabulary.reserve(tokens.size());
  for (size_t id = 0; id < tokens.size(); ++id) description.vocabulary.add(tokens[id], static_cast<int64_t>(id));
  const std::vector<std::string>* merges = metadata.texts("ggml.merges");
  if (!merges) fail("tokenizer", "expected tokenizer.ggml.merges beside the gpt2 vocabulary, got none");
  for (const std::string& merge : *merges) {
    size_t space = merge.find(' ', 1);
    if (space == std::string::npos) fail("tokenizer", "expected 'left right' in merges, got '{}'", merge.substr(0, 60));
    description.merges.add(std::string_view(merge).substr(0, space), std::string_view(merge).substr(space + 1));
  }
  // Files older than the key hold GPT-2's kin.
  std::string pre = metadata.text("ggml.pre").value_or("gpt-2");
  PipelineParts parts = build_byte_level(std::move(description), rules_of_gguf(pre));
  add_marked_tokens(metadata, parts);
  std::vector<int32_t> before, after;
  bool bos = gguf_flag(metadata, "add_bos_token", pre == "llama-bpe" || pre == "llama3" || pre == "llama-v3");
  if (bos && parts.special.bos) before.push_back(*parts.special.bos);
  if (gguf_flag(metadata, "add_eos_token", false) && parts.special.eos) after.push_back(*parts.special.eos);
  parts.surround = Surround::of_both(before, after);
  return parts;
}

PipelineParts read_bert(const GgufMetadata& metadata) {
  ModelDescription description;
  for (size_t id = 0; id < gguf_tokens(metadata).size(); ++id)
    description.vocabulary.add(gguf_word_piece(metadata, id), static_cast<int64_t>(id));
  return build_bert(std::move(description), {{"type", "BertNormalizer"}, {"lowercase", true}});
}

PipelineParts build(const GgufMetadata& metadata) {
  std::string model = metadata.text("ggml.model").value_or("");
  if (model == "llama") return build_sentence_piece(gguf_pieces(metadata, false));
  if (model == "t5") return build_sentence_piece(gguf_pieces(metadata, true));
  if (model == "gpt2") return read_byte_level(metadata);
  if (model == "bert") return read_bert(metadata);
  fail("tokenizer", "expected tokenizer.ggml.model llama, gpt2, t5 or bert, got '{}'; try the model's tokenizer.json",
       model);
}

}  // namespace

PipelineParts read_gguf(const std::filesystem::path& path) {
  GgufMetadata metadata(path);
  try {
    PipelineParts parts = build(metadata);
    if (std::optional<std::string> chat_template = metadata.text("chat_template"))
      parts.config["chat_template"] = *chat_template;
    return parts;
  } catch (const Error& error) {
    fail(path.string(), "{}", error.message());
  }
}

}  // namespace llmbox
