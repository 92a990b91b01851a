// Latent attention as the DeepSeek configs spell it.
#pragma once

#include "arch/shape/llama.h"

namespace llmbox {

/// llama's shape with latent attention in every layer and, from first_k_dense_replace on, DeepSeek's experts: a softmax
/// or sigmoid router with groups, and shared experts.
ModelSpec deepseek_spec(const ConfigReader& config);

}  // namespace llmbox
