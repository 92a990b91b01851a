// A stage that cuts text into words. Immutable and thread-safe; made from the `pre_tokenizer` of tokenizer.json by the
// table in table.cpp. An unknown type throws Error.
#pragma once

#include <memory>

#include "core/json.h"
#include "tokenizer/pre_tokenizer/pre_tokens.h"

namespace llmbox {

class PreTokenizer {
 public:
  virtual ~PreTokenizer() = default;
  virtual void apply(PreTokens& tokens) const = 0;
  /// Whether the words that leave this stage are bytes spelled in the byte alphabet (ByteLevel).
  virtual bool is_byte_level() const { return false; }
};

using PreTokenizerPtr = std::shared_ptr<const PreTokenizer>;

/// The stage that `description` names. `last`: no later stage looks at the words, so bytes may stay unspelled.
PreTokenizerPtr make_pre_tokenizer(const Json& description, bool last = true);

PreTokenizerPtr make_byte_level_pre_tokenizer(const Json& description, bool last);
PreTokenizerPtr make_split_pre_tokenizer(const Json& description, bool last);
PreTokenizerPtr make_character_class_pre_tokenizer(const Json& description, bool last);
PreTokenizerPtr make_metaspace_pre_tokenizer(const Json& description, bool last);
PreTokenizerPtr make_unicode_scripts_pre_tokenizer(const Json& description, bool last);
PreTokenizerPtr make_sequence_pre_tokenizer(const Json& description, bool last);

}  // namespace llmbox
