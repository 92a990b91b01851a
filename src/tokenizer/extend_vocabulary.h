// A tokenizer with new pieces behind its own: both forms in which a Llama-like tokenizer lies in a folder. Text that
// holds no new piece keeps its ids.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "core/json.h"
#include "tokenizer/sentence_piece_model.h"

namespace llmbox {

/// A tokenizer.model with the pieces of `trained` that it lacks appended, with score 0 as LLMBox does it; everything
/// else stays byte for byte.
struct ExtendedModel {
  std::string proto;
  int32_t first = 0;                          // the id of added[0]
  std::vector<std::string> added;             // in the order of their ids
  std::vector<std::vector<int32_t>> spelled;  // for each of them, the old pieces that spell it
};
ExtendedModel extend_sentence_piece(const std::filesystem::path& model, const SentencePieceModel& trained);

/// The same pieces in a tokenizer.json of kind BPE: every cut of a new piece into two known ones is a merge that comes
/// before the old ones, as transformers converts a piece of score 0. Throws Error for another kind.
Json extend_tokenizer_json(Json tokenizer, const ExtendedModel& extended, const std::string& where);

}  // namespace llmbox
