// The part of a tokenizer that turns words into ids by a vocabulary. Immutable and thread-safe; made by the table in
// table.cpp from the `model` of tokenizer.json.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/json.h"
#include "tokenizer/model/string_table.h"
#include "tokenizer/span.h"

namespace llmbox {

class TokenModel {
 public:
  virtual ~TokenModel() = default;
  /// Appends the ids of each word of the text.
  virtual void encode(std::string_view text, std::span<const Span> words, std::vector<int32_t>& ids) const = 0;
  virtual const StringTable& vocabulary() const = 0;
};

/// The `model` object of tokenizer.json: its two large lists and the rest.
struct ModelDescription {
  Json options;  // everything but vocab and merges
  std::vector<std::pair<std::string, int32_t>> vocab;
  std::vector<std::pair<std::string, std::string>> merges;
  bool byte_level = false;  // words come as plain bytes, the vocabulary spells them in the byte alphabet
};

using TokenModelPtr = std::unique_ptr<const TokenModel>;

/// Throws Error for an unknown type, or a merge of a token that is not in the vocabulary.
TokenModelPtr make_token_model(ModelDescription description);

TokenModelPtr make_bpe_model(ModelDescription description);

}  // namespace llmbox
