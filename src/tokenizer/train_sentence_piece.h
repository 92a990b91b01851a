// Training of a SentencePiece vocabulary, by merges (BPE) or unigram: words begin with the visible space, pieces cross
// neither spaces nor scripts nor the border of numbers, and rare characters are left to <unk> or to byte pieces (Kudo
// and Richardson 2018). Deterministic. Ties are broken by the pieces' order, so pieces may differ from the
// sentencepiece program's in places.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "tokenizer/sentence_piece_model.h"

namespace llmbox {

struct SentencePieceTrainingOptions {
  SentencePieceModel::Algorithm algorithm = SentencePieceModel::Algorithm::kBpe;  // or kUnigram
  int64_t vocab_size = 8000;              // special, byte and user-defined pieces included
  double character_coverage = 0.9995;     // share of all characters that have pieces of their own
  bool byte_fallback = false;             // 256 byte pieces for the others
  size_t longest_piece = 16;              // characters
  std::vector<std::string> user_symbols;  // pieces that no text is cut within
};

/// The words of the texts and how often each occurs.
class PieceWordCounter {
 public:
  explicit PieceWordCounter(const std::vector<std::string>& user_symbols);
  void add(std::string_view text);
  const std::unordered_map<std::string, int64_t>& counts() const { return counts_; }

 private:
  void add_line(std::string_view line);
  void add_words(std::string_view text);

  AddedMatcher user_symbols_;
  std::unordered_map<std::string, int64_t> counts_;
};

/// Throws Error where vocab_size has no room for the special pieces and the characters.
SentencePieceModel train_sentence_piece(const PieceWordCounter& words, const SentencePieceTrainingOptions& options);

/// The bytes of tokenizer.model (ModelProto of sentencepiece_model.proto).
std::string sentence_piece_proto(const SentencePieceModel& model);

/// One piece of that form, to be appended to such bytes.
void put_piece(std::string& proto, const SentencePieceModel::Piece& piece);

/// tokenizer.json of a unigram model without a charsmap, as the tokenizers library opens it.
Json unigram_tokenizer_json(const SentencePieceModel& model);

}  // namespace llmbox
