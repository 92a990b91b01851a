// Latent attention and experts as the DeepSeek configs spell them; others took them over.
#pragma once

#include "arch/shape/llama.h"

namespace llmbox {

/// llama's shape with latent attention in every layer.
ModelSpec latent_spec(const ConfigReader& config, const LlamaShape& shape);

/// DeepSeek's experts from layer first_k_dense_replace on: a softmax router, or a sigmoid one with a correction for the
/// choice, groups, and shared experts. `fallback` holds where the config does not say which router.
void add_deepseek_moe(const ConfigReader& config, const LlamaShape& shape, RouterScore fallback, ModelSpec& spec);

/// Both: DeepSeek V2 and V3.
ModelSpec deepseek_spec(const ConfigReader& config, RouterScore fallback);

}  // namespace llmbox
