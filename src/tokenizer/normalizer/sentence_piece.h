// The normalizer of a SentencePiece model: its character map (longest match), white space, and the visible space. It
// passes over the pieces that users defined. Immutable and thread-safe.
#pragma once

#include <string>
#include <vector>

#include "tokenizer/normalizer/normalizer.h"

namespace llmbox {

struct SentencePieceRules {
  std::string charsmap;                     // the blob; empty: no map
  bool add_dummy_prefix = true;             // a space before the text
  bool remove_extra_whitespaces = true;     // at both ends, and all but one of a run
  bool escape_whitespaces = true;           // a space becomes U+2581
  bool whitespace_as_suffix = false;        // the dummy space goes behind the text
  std::vector<std::string> user_defined{};  // left as they are
};

NormalizerPtr make_sentence_piece_normalizer(const SentencePieceRules& rules);

}  // namespace llmbox
