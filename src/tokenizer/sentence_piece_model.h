// A SentencePiece vocabulary as the formats that hold one share it (tokenizer.model, GGUF, llama2.c), and the pipeline
// that it becomes. Plain data.
#pragma once

#include <string>
#include <vector>

#include "tokenizer/normalizer/sentence_piece.h"
#include "tokenizer/pipeline.h"

namespace llmbox {

enum class PieceKind : uint8_t { kNormal = 1, kUnknown = 2, kControl = 3, kUserDefined = 4, kUnused = 5, kByte = 6 };

struct SentencePieceModel {
  struct Piece {
    std::string text;
    float score = 0;
    PieceKind kind = PieceKind::kNormal;
  };
  enum class Algorithm { kUnigram = 1, kBpe = 2, kWord = 3, kChar = 4 };

  std::vector<Piece> pieces;
  Algorithm algorithm = Algorithm::kUnigram;
  SentencePieceRules rules;
  bool byte_fallback = false;
  int32_t unknown = -1, bos = -1, eos = -1, pad = -1;  // -1: none
  bool add_bos = false, add_eos = false;
};

/// Ids equal SentencePiece's own. Throws Error where the pieces are none or a byte piece is missing.
PipelineParts build_sentence_piece(SentencePieceModel model);

}  // namespace llmbox
