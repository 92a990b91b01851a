// A model's vocabulary made larger: rows of the embedding and of the output head for tokens that its tokenizer gained.
#pragma once

#include <string_view>
#include <vector>

#include "model/model_files.h"

namespace llmbox {

/// What a new token's row begins with.
enum class NewRows {
  kPieces,     // the mean of the rows of the old tokens that spell it
  kMean,       // the mean of all old rows
  kNoisyMean,  // that and noise of deviation 1/sqrt(E), as LLaMA-Factory's resize_vocab
};

/// "pieces", "mean" or "noisy_mean"; Error for another name.
NewRows new_rows_named(std::string_view name);

struct VocabularyGrowth {
  int64_t first = 0;                          // id of the first new token; rows from there on are set anew
  std::vector<std::vector<int32_t>> spelled;  // for each new token, ids of old ones that spell it (kPieces)
  NewRows rows = NewRows::kPieces;
  uint64_t seed = 42;  // of the noise
};

/// The files with vocab_size rows enough for the new tokens, made when they are read. Throws Error where ids are not
/// old tokens, and for packed embeddings.
ModelFiles grow_vocabulary(ModelFiles files, const VocabularyGrowth& growth);

}  // namespace llmbox
