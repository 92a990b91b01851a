// The part of a tokenizer that turns words into ids by a vocabulary. Immutable and thread-safe; made by the table in
// table.cpp from the `model` of tokenizer.json, or from the same description read out of another file.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/json.h"
#include "tokenizer/model/merge_list.h"
#include "tokenizer/model/string_table.h"
#include "tokenizer/span.h"

namespace llmbox {

/// Where a model writes: the ids and, where they are wanted, the bytes of the text that each stands for.
struct TokenSink {
  std::vector<int32_t>& ids;
  std::vector<Span>* spans = nullptr;

  void add(int32_t id, uint32_t begin, uint32_t end) {
    ids.push_back(id);
    if (spans) spans->push_back({begin, end});
  }
};

class TokenModel {
 public:
  virtual ~TokenModel() = default;
  /// Appends the ids of each word of the text.
  virtual void encode(std::string_view text, std::span<const Span> words, TokenSink& out) const = 0;
  virtual const StringTable& vocabulary() const = 0;
};

/// The `model` object of tokenizer.json: its large lists and the rest.
struct ModelDescription {
  Json options = Json::object();  // everything but vocab and merges
  StringTable vocabulary;
  std::vector<double> scores;  // by id: Unigram
  MergeList merges;            // BPE by a list of pairs
  // BPE where any two tokens may join whose concatenation is a token: by id, its rank as a join (equal ranks: the
  // leftmost first), MergeList::kNever where it is none. Empty: by the list.
  std::vector<uint32_t> join_ranks;
  std::vector<int32_t> unmatched;  // Unigram: ids that no text gives (control pieces)
  std::vector<int32_t> favoured;   // Unigram: user-defined pieces, which win over any other
  bool byte_level = false;         // words come as plain bytes, the vocabulary spells them in the byte alphabet
  bool single_precision = false;   // Unigram: sums as SentencePiece makes them, in float
};

using TokenModelPtr = std::shared_ptr<const TokenModel>;

/// Throws Error for an unknown type, or a merge of a token that is not in the vocabulary.
TokenModelPtr make_token_model(ModelDescription description);

TokenModelPtr make_bpe_model(ModelDescription description);
TokenModelPtr make_unigram_model(ModelDescription description);
TokenModelPtr make_word_piece_model(ModelDescription description);
TokenModelPtr make_word_level_model(ModelDescription description);
TokenModelPtr make_longest_match_model(ModelDescription description);

/// An option that may be absent or null.
std::string text_option(const Json& options, const char* name, const char* absent = "");
bool flag_option(const Json& options, const char* name);

/// A number that no other model has: what per-thread caches are kept under.
uint64_t next_model_serial();

}  // namespace llmbox
