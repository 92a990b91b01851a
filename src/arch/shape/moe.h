// Mixtures of experts as most families spell them: a router `gate`, experts numbered 0, 1, … under llama's names, and a
// shared expert that every token goes through.
#pragma once

#include "arch/shape/llama.h"

namespace llmbox {

struct MoeNames {
  std::string layer;  // "model.layers.0.mlp"
  const char* router = "gate";
  const char* experts = "experts";
};

/// n_expert experts of inner size `inner`, softmax router. Families change in the result what they do differently.
MoeSpec moe_spec(const ConfigReader& config, const LlamaShape& shape, const MoeNames& names, int64_t n_expert,
                 int64_t inner);

/// The mixture under Mixtral's names: block_sparse_moe, whose experts have w1 (gate), w2 (down) and w3 (up).
MoeSpec mixtral_moe_spec(const ConfigReader& config, const LlamaShape& shape, size_t layer);

/// Error where more experts are chosen than there are.
void check_moe(const ConfigReader& config, const MoeSpec& moe);

/// Qwen's rule: layer i has experts unless mlp_only_layers lists it or decoder_sparse_step skips it.
bool is_sparse_layer(const ConfigReader& config, int64_t layer);

/// Qwen2 and Qwen3's mixtures: renormalised or not, shared expert where `shared_expert_intermediate_size` is given.
MoeSpec qwen_moe_spec(const ConfigReader& config, const LlamaShape& shape, int64_t layer, bool renormalise);

}  // namespace llmbox
