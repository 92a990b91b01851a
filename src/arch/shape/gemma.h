// What all Gemmas share: llama's shape with norms that hold w - 1, embeddings times √hidden, a tanh gelu, a tied head.
#pragma once

#include "arch/shape/llama.h"

namespace llmbox {

LlamaShape gemma_shape(const ConfigReader& config);
ModelSpec gemma_spec(const ConfigReader& config, const LlamaShape& shape);

/// Gemma 2 and later: norms after both blocks too, scores scaled by query_pre_attn_scalar^-½, soft caps.
void add_gemma2_parts(const ConfigReader& config, const LlamaShape& shape, ModelSpec& spec);

}  // namespace llmbox
