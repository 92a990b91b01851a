// The way from token strings back to text: an ordered list of stages, made from the `decoder` of tokenizer.json by the
// table in table.cpp. Immutable and thread-safe; an unknown type throws Error.
#pragma once

#include <functional>
#include <vector>

#include "core/json.h"
#include "tokenizer/decoder/decode_stage.h"

namespace llmbox {

/// Makes the stage for one decoding run.
using DecodeStageMaker = std::function<DecodeStagePtr()>;

/// The stages of a description, Sequence flattened; null: tokens joined by spaces.
std::vector<DecodeStageMaker> make_decoder(const Json& description);

DecodeStageMaker make_byte_level_decoder(const Json& description);
DecodeStageMaker make_byte_fallback_decoder(const Json& description);
DecodeStageMaker make_fuse_decoder(const Json& description);
DecodeStageMaker make_strip_decoder(const Json& description);
DecodeStageMaker make_replace_decoder(const Json& description);
DecodeStageMaker make_metaspace_decoder(const Json& description);
DecodeStageMaker make_word_piece_decoder(const Json& description);
DecodeStageMaker make_bpe_decoder(const Json& description);

/// Before and after ByteLevel, for vocabularies with an end_of_word_suffix.
DecodeStageMaker make_word_end_decoder(const std::string& suffix);
DecodeStageMaker make_trim_decoder();

/// clean_up_tokenization_spaces: drops the space before . ? ! , and the English contractions.
std::string clean_up_spaces(std::string text);
DecodeStagePtr make_clean_up_stage();

}  // namespace llmbox
