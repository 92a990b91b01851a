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

/// The tokenizer in which the template's marks are tokens, as far as the model has rows for them or resize_vocab makes
/// some.
std::shared_ptr<const Tokenizer> run_tokenizer(const TrainConfig& config, std::shared_ptr<const Tokenizer> tokenizer,
                                               const std::optional<ChatTemplate>& chat_template);

}  // namespace llmbox
