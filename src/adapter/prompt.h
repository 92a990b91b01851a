// Prompt tuning, P-tuning and prefix tuning in PEFT's folders: a file with `prompt_embeddings` alone, learned tokens in
// front of every sequence (model/virtual_tokens.h). Of P-tuning and of a projected prefix the file holds what their
// encoder gave, which is what is trained further here.
#pragma once

#include "adapter/adapter.h"

namespace llmbox {

bool is_prompt_method(const std::string& peft_type);

/// Error naming the file: a shape that does not fit the model, several submodules, a model whose layers cannot take
/// keys.
NamedTensors load_prompt(Decoder& decoder, const std::filesystem::path& folder, bool trainable);

/// The adapter's tensor under its name in PEFT's file; empty: the decoder has none.
NamedTensors prompt_parameters(Decoder& decoder);
/// Requires: it has one.
void save_prompt(Decoder& decoder, const std::filesystem::path& folder);

/// The ids that go in front of every sequence; empty where the decoder has no virtual tokens.
std::vector<int32_t> virtual_token_ids(const Decoder& decoder);

}  // namespace llmbox
