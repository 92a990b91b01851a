// Examples → samples → the units that training draws: packed rows or single samples. Tokenization runs on all cores;
// the result does not depend on their number.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "data/dataset.h"
#include "data/encode.h"
#include "data/sample.h"

namespace llmbox {

struct TokenizeOptions {
  bool pretraining = false;
  SampleOptions sample;
  Json template_variables;  // enable_thinking, tool_format …
};

/// Samples that can be learned from, and what was cut or left out on the way.
struct TokenizedSet {
  std::vector<Sample> samples;
  int64_t n_prompt_cut = 0, n_reply_cut = 0;  // samples that lost tokens to cutoff_len
  int64_t n_no_target = 0;                    // dropped: no trainable token
  int64_t n_faulty = 0;                       // dropped: a function message or tool list that is not JSON
  int64_t n_tokens = 0;
  int64_t n_targets = 0;
  int64_t longest = 0;  // tokens of the longest sample
  std::string first_fault;
};

/// `chat_template` may be null for pre-training. Throws Error where no sample is left, where no prompt fits into
/// cutoff_len, or where the template refuses.
TokenizedSet tokenize_examples(const std::vector<Example>& examples, const Tokenizer& tokenizer,
                               const ChatTemplate* chat_template, const TokenizeOptions& options);

struct UnitOptions {
  bool pretraining = false;
  bool packing = false;
  bool isolation = true;  // pre-training blocks: documents do not see each other
  int64_t cutoff_len = 2048;
  int64_t packing_batch = 1000;  // samples packed together at a time, as the reference's preprocessing_batch_size
};

/// The units of training. SFT packing: samples in groups of packing_batch, each packed by knapsack.
std::vector<PackedRow> make_units(const TokenizedSet& set, const UnitOptions& options);

}  // namespace llmbox
