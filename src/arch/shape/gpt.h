// The shape that GPT-2 gave to its kin: layer norms, an MLP without gate, and names of its own in every family. Sizes
// and names go in as data; what a family does differently it changes in the spec that comes out.
#pragma once

#include <vector>

#include "arch/config_reader.h"

namespace llmbox {

struct GptNames {
  const char* embedding;         // "transformer.wte"
  const char* layers;            // "transformer.h."
  const char* before_attention;  // within a layer, as all that follows: "ln_1"
  const char* before_ffn;        // "ln_2"; null: the layer has one norm
  const char* attention;         // "attn"
  std::vector<const char*> qkv;  // within the attention: {"c_attn"} or three
  const char* out;               // within the attention
  const char* up;                // "mlp.c_fc"
  const char* down;
  const char* final_norm;  // "transformer.ln_f"
  const char* head;        // "lm_head"
};

struct GptShape {
  GptNames names;
  int64_t hidden = 0, inner = 0, n_layer = 0, n_head = 0, n_kv_head = 0, vocab = 0, max_positions = 0;
  double eps = 1e-5;
  Activation activation = Activation::gelu_tanh;
  QkvLayout layout = QkvLayout::fused;
  bool norm_bias = true, qkv_bias = true, out_bias = true, mlp_bias = true, head_bias = false;
  bool transposed = false;  // weights lie as (in, out)
  bool tied_head = true;
  Residual residual = Residual::sequential;
};

/// Everything from the embedding to the head. Error where the heads do not divide the hidden size.
ModelSpec gpt_spec(const ConfigReader& config, const GptShape& shape);

}  // namespace llmbox
