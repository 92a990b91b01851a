// How byte-level vocabularies whose files leave it out cut text: split patterns by the names that GGUF gives them, and
// the known tiktoken vocabularies with their special tokens. Plain tables.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tokenizer/pipeline.h"

namespace llmbox {

struct ByteLevelRules {
  std::vector<std::string> patterns;  // applied one after another, matches and gaps kept
  bool nfc = false;
  bool ignore_merges = false;  // a word that is a token is that token
};

/// By a value of tokenizer.ggml.pre; an unknown one throws Error naming the nearest.
ByteLevelRules rules_of_gguf(std::string_view pre);

/// A vocabulary known by its size.
struct KnownVocabulary {
  const char* name;
  size_t ranks;  // tokens without the special ones
  const char* rules;
  std::vector<std::pair<std::string, int32_t>> specials;
  std::string bos, eos;  // empty: none
};

/// Null where no known vocabulary has so many tokens.
const KnownVocabulary* known_vocabulary(size_t ranks);

/// The special tokens of a known vocabulary and their roles; those whose ids the model spells otherwise are left out.
void add_specials(const KnownVocabulary& known, PipelineParts& parts);

/// The pipeline around a byte-level BPE model. `description.options` holds what the file says of the model.
PipelineParts build_byte_level(ModelDescription description, const ByteLevelRules& rules);

}  // namespace llmbox
