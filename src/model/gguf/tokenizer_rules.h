// What a tokenizer.json does to a text before and after its model, in GGUF's words: the name of the rule that cuts it,
// what stands around it, spaces and the map of characters.
#pragma once

#include <optional>
#include <string>

#include "core/json.h"
#include "tensor/gguf.h"

namespace llmbox {

bool is_byte_level(const Json& tokenizer);

/// llama.cpp's name (tokenizer.ggml.pre) of how a byte-level tokenizer cuts text; GPT-2's where none is known.
std::string splitting_rule(const Json& tokenizer);

/// The special token before a text and the one behind it; none where there are several: GGUF has one of each.
struct Surrounding {
  std::optional<std::string> before, after;
};
Surrounding surrounding_of(const Json& tokenizer);

/// add_space_prefix, remove_extra_whitespaces, precompiled_charsmap. Error naming the file: a map that is not base64.
void add_text_rules(GgufEntries& metadata, const Json& tokenizer, const std::string& where);

}  // namespace llmbox
