// The shape that llama gave to most later families: RMS norm before both blocks, separate q, k, v with rope, gated MLP.
// A family's file says what it does differently.
#pragma once

#include <functional>

#include "arch/config_reader.h"

namespace llmbox {

struct LlamaShape {
  bool qkv_bias = false;
  bool out_bias = false;
  bool mlp_bias = false;
  bool qk_norm = false;
  int64_t default_head_dim = 0;                  // 0: hidden_size / heads
  std::function<int64_t(int64_t layer)> window;  // empty: no window anywhere
};

/// Everything from the embedding to the head, under llama's names.
ModelSpec llama_spec(const ConfigReader& config, const LlamaShape& shape);

/// Window of layer i: `layer_types` where given ("sliding_attention"), else where `otherwise(i)`; 0: none.
std::function<int64_t(int64_t)> read_windows(const ConfigReader& config, int64_t window,
                                             std::function<bool(int64_t)> otherwise);

}  // namespace llmbox
