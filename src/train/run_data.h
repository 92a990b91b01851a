// The data of a run, ready to train on: examples loaded, split, tokenized and packed as the recipe says.
#pragma once

#include <optional>
#include <vector>

#include "data/tokenized.h"
#include "train/config.h"

namespace llmbox {

struct RunData {
  std::vector<DatasetCount> counts, eval_counts;
  TokenizedSet train, eval;
  std::vector<PackedRow> units, eval_units;
};

/// `chat_template` null: pre-training, or none was found. Throws Error.
RunData load_run_data(const TrainConfig& config, const Tokenizer& tokenizer, const ChatTemplate* chat_template);

/// The template of the run: the recipe's, else the model folder's; none for pre-training. Throws Error.
std::optional<ChatTemplate> load_run_template(const TrainConfig& config, const Tokenizer& tokenizer);

}  // namespace llmbox
