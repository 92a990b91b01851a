// The scales of MiniCPM (Hu et al. 2024, µP): on embeddings, residuals and logits.
#pragma once

#include "arch/shape/llama.h"

namespace llmbox {

void add_minicpm_scales(const ConfigReader& config, ModelSpec& spec);

}  // namespace llmbox
