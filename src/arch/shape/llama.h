// The shape that llama gave to most later families: RMS norm before both blocks, separate q, k, v with rope, gated MLP.
// A family's file says what it does differently.
#pragma once

#include <functional>
#include <vector>

#include "arch/config_reader.h"
#include "arch/shape/rope.h"

namespace llmbox {

struct LlamaShape {
  bool qkv_bias = false;
  bool out_bias = false;
  bool mlp_bias = false;
  bool qk_norm = false;  // over D of each head
  bool gated = true;     // false: the MLP has no gate
  bool tied_head = false;
  NormKind norm_kind = NormKind::rms;
  bool norm_weight = true;
  bool norm_bias = false;
  double norm_offset = 0;  // 1: the file holds w - 1
  const char* eps_key = "rms_norm_eps";
  double eps = 1e-6;  // where the key is absent
  const char* inner_key = "intermediate_size";
  const char* n_head_key = "num_attention_heads";
  const char* n_layer_key = "num_hidden_layers";
  const char* activation_key = "hidden_act";
  const char* activation = "silu";
  RopeDefaults rope;
  int64_t default_head_dim = 0;                  // 0: hidden_size / heads
  std::function<int64_t(int64_t layer)> window;  // empty: no window anywhere
};

/// Everything from the embedding to the head, under llama's names. Families change in the result what they do
/// differently.
ModelSpec llama_spec(const ConfigReader& config, const LlamaShape& shape);

/// llama's names, for families that differ in some. Within a layer: behind `layers` and its number; of attention's
/// products: behind `attention`.
struct LlamaNames {
  const char* embedding = "model.embed_tokens";
  const char* layers = "model.layers.";
  const char* before_attention = "input_layernorm";
  const char* before_ffn = "post_attention_layernorm";
  const char* attention = "self_attn";
  std::vector<const char*> qkv = {"q_proj", "k_proj", "v_proj"};  // one: the three are fused
  const char* out = "o_proj";
  const char* gate = "mlp.gate_proj";
  const char* up = "mlp.up_proj";
  const char* down = "mlp.down_proj";
  const char* final_norm = "model.norm";
};

/// The result of llama_spec under other names.
void rename_llama(ModelSpec& spec, const LlamaNames& names);

/// The norm of `size` under `name` that this shape has everywhere.
NormSpec llama_norm(const ConfigReader& config, const LlamaShape& shape, const std::string& name, int64_t size);

/// A gated MLP of inner size `inner` under llama's names.
FfnSpec llama_ffn(const ConfigReader& config, const LlamaShape& shape, const std::string& name, int64_t inner);

/// q, k and v as one product under this name: q's rows, then k's, then v's.
void fuse_qkv(AttentionSpec& attention, const std::string& name);
/// Gate and up as one product under this name: the gate's rows, then up's.
void fuse_gate_up(FfnSpec& ffn, const std::string& name);

/// Whether layer i has a window: by `layer_types` where given ("sliding_attention"), else by `otherwise`.
std::function<bool(int64_t)> read_sliding_layers(const ConfigReader& config, std::function<bool(int64_t)> otherwise);

/// Window of layer i by read_sliding_layers; 0: none.
std::function<int64_t(int64_t)> read_windows(const ConfigReader& config, int64_t window,
                                             std::function<bool(int64_t)> otherwise);

}  // namespace llmbox
