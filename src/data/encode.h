// Examples → token ids with a loss mask, as LLaMA-Factory encodes them: each piece of the rendered conversation is
// tokenized by itself, turns are cut to cutoff_len one after another by its length rule. Pure functions, thread-safe.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "chat/chat_template.h"
#include "data/example.h"
#include "data/sample.h"
#include "tokenizer/tokenizer.h"

namespace llmbox {

/// One turn: what the model reads, then what it should say.
struct TurnIds {
  std::vector<int32_t> source, target;
};

struct SampleOptions {
  int64_t cutoff_len = 2048;     // tokens
  bool train_on_prompt = false;  // the prompt's tokens are targets as well
  bool mask_history = false;     // only the last reply is a target, and it has priority in the cut
  /// Of templates with efficient_eos: one eos ends the sample, and an earlier reply is followed by the eos label.
  std::optional<int32_t> closing_eos = std::nullopt;
};

/// How many tokens of a source and a target of s and t tokens fit into c: LLaMA-Factory's infer_seqlen.
std::pair<int64_t, int64_t> split_length(int64_t s, int64_t t, int64_t c);

/// The conversation's turns in ids. Text after the last reply is left out: nothing is learned from it.
/// `variables`: what the template reads besides the conversation (ChatTemplate::encode_pieces).
std::vector<TurnIds> encode_turns(const Example& example, const ChatTemplate& chat_template, const Tokenizer& tokenizer,
                                  const Json& variables = nullptr);

/// Joins turns within cutoff_len and sets the mask.
Sample join_turns(std::span<const TurnIds> turns, const SampleOptions& options);

/// A pre-training document: bos where the tokenizer adds one, the text, eos. Every token is a target.
Sample encode_document(std::string_view text, const Tokenizer& tokenizer);

/// Cuts a sample on the right.
void cut_sample(Sample& sample, int64_t cutoff_len);

/// Labelled tokens. The first token of a sample has nothing before it and is never predicted.
int64_t n_targets(const Sample& sample);

}  // namespace llmbox
