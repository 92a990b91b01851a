#include "model/gguf/family.h"

namespace llmbox {

namespace {

constexpr GgufName kLlamaLayer[] = {{"input_layernorm", "attn_norm"},    {"self_attn.q_proj", "attn_q"},
                                    {"self_attn.k_proj", "attn_k"},      {"self_attn.v_proj", "attn_v"},
                                    {"self_attn.o_proj", "attn_output"}, {"self_attn.q_norm", "attn_q_norm"},
                                    {"self_attn.k_norm", "attn_k_norm"}, {"post_attention_layernorm", "ffn_norm"},
                                    {"mlp.gate_proj", "ffn_gate"},       {"mlp.up_proj", "ffn_up"},
                                    {"mlp.down_proj", "ffn_down"}};
constexpr GgufName kLlamaOuter[] = {
    {"model.embed_tokens", "token_embd"}, {"model.norm", "output_norm"}, {"lm_head", "output"}};
constexpr GgufKey kLlamaKeys[] = {{"context_length", "max_position_embeddings"},
                                  {"embedding_length", "hidden_size"},
                                  {"block_count", "num_hidden_layers"},
                                  {"feed_forward_length", "intermediate_size"},
                                  {"attention.head_count", "num_attention_heads"},
                                  {"attention.head_count_kv", "num_key_value_heads"},
                                  {"attention.key_length", "head_dim"},
                                  {"attention.layer_norm_rms_epsilon", "rms_norm_eps"},
                                  {"attention.sliding_window", "sliding_window"},
                                  {"rope.freq_base", "rope_theta"}};

constexpr GgufName kGpt2Layer[] = {{"ln_1", "attn_norm"}, {"attn.c_attn", "attn_qkv"}, {"attn.c_proj", "attn_output"},
                                   {"ln_2", "ffn_norm"},  {"mlp.c_fc", "ffn_up"},      {"mlp.c_proj", "ffn_down"}};
constexpr GgufName kGpt2Outer[] = {{"transformer.wte", "token_embd"},
                                   {"transformer.wpe", "position_embd"},
                                   {"transformer.ln_f", "output_norm"},
                                   {"lm_head", "output"}};
constexpr GgufKey kGpt2Keys[] = {
    {"context_length", "n_positions"},  {"embedding_length", "n_embd"},
    {"block_count", "n_layer"},         {"feed_forward_length", "n_inner"},
    {"attention.head_count", "n_head"}, {"attention.layer_norm_epsilon", "layer_norm_epsilon"}};

constexpr GgufName kPhi3Layer[] = {{"input_layernorm", "attn_norm"},    {"self_attn.qkv_proj", "attn_qkv"},
                                   {"self_attn.o_proj", "attn_output"}, {"post_attention_layernorm", "ffn_norm"},
                                   {"mlp.gate_up_proj", "ffn_up"},      {"mlp.down_proj", "ffn_down"}};

constexpr GgufName kOlmo2Layer[] = {{"self_attn.q_proj", "attn_q"},
                                    {"self_attn.k_proj", "attn_k"},
                                    {"self_attn.v_proj", "attn_v"},
                                    {"self_attn.o_proj", "attn_output"},
                                    {"self_attn.q_norm", "attn_q_norm"},
                                    {"self_attn.k_norm", "attn_k_norm"},
                                    {"post_attention_layernorm", "post_attention_norm"},
                                    {"mlp.gate_proj", "ffn_gate"},
                                    {"mlp.up_proj", "ffn_up"},
                                    {"mlp.down_proj", "ffn_down"},
                                    {"post_feedforward_layernorm", "post_ffw_norm"}};

constexpr GgufName kStarcoder2Layer[] = {
    {"input_layernorm", "attn_norm"}, {"self_attn.q_proj", "attn_q"},      {"self_attn.k_proj", "attn_k"},
    {"self_attn.v_proj", "attn_v"},   {"self_attn.o_proj", "attn_output"}, {"post_attention_layernorm", "ffn_norm"},
    {"mlp.c_fc", "ffn_up"},           {"mlp.c_proj", "ffn_down"}};
constexpr GgufKey kStarcoder2Keys[] = {{"context_length", "max_position_embeddings"},
                                       {"embedding_length", "hidden_size"},
                                       {"block_count", "num_hidden_layers"},
                                       {"feed_forward_length", "intermediate_size"},
                                       {"attention.head_count", "num_attention_heads"},
                                       {"attention.head_count_kv", "num_key_value_heads"},
                                       {"attention.layer_norm_epsilon", "norm_epsilon"},
                                       {"attention.sliding_window", "sliding_window"},
                                       {"rope.freq_base", "rope_theta"}};

// The first row of an architecture is what a file of it becomes.
constexpr GgufFamily kFamilies[] = {
    {"llama", "llama", "model.layers.", true, kLlamaLayer, kLlamaOuter, kLlamaKeys},
    {"llama", "mistral", "model.layers.", true, kLlamaLayer, kLlamaOuter, kLlamaKeys},
    {"qwen2", "qwen2", "model.layers.", false, kLlamaLayer, kLlamaOuter, kLlamaKeys},
    {"qwen3", "qwen3", "model.layers.", false, kLlamaLayer, kLlamaOuter, kLlamaKeys},
    {"phi3", "phi3", "model.layers.", false, kPhi3Layer, kLlamaOuter, kLlamaKeys},
    {"olmo2", "olmo2", "model.layers.", false, kOlmo2Layer, kLlamaOuter, kLlamaKeys},
    {"starcoder2", "starcoder2", "model.layers.", false, kStarcoder2Layer, kLlamaOuter, kStarcoder2Keys},
    {"gpt2", "gpt2", "transformer.h.", false, kGpt2Layer, kGpt2Outer, kGpt2Keys},
};

/// "NAME.weight" → NAME and "weight".
std::pair<std::string, std::string> split_end(const std::string& name) {
  const size_t dot = name.rfind('.');
  if (dot == std::string::npos) return {name, ""};
  return {name.substr(0, dot), name.substr(dot + 1)};
}

/// Finds `from` in the names and puts the other side into its place.
std::optional<std::string> translated(const GgufFamily& family, const std::string& name, bool to_gguf) {
  const std::string prefixes[] = {family.layer_prefix, "blk."};
  const std::string &from = prefixes[to_gguf ? 0 : 1], &to = prefixes[to_gguf ? 1 : 0];
  const auto [stem, end] = split_end(name);
  const bool in_layer = stem.starts_with(from);
  const size_t dot = in_layer ? stem.find('.', from.size()) : std::string::npos;
  if (in_layer && dot == std::string::npos) return std::nullopt;
  const std::string inner = in_layer ? stem.substr(dot + 1) : stem;
  for (const GgufName& row : in_layer ? family.layer_names : family.outer_names) {
    if (inner != (to_gguf ? row.hub : row.gguf)) continue;
    const std::string found = to_gguf ? row.gguf : row.hub;
    const std::string layer = in_layer ? to + stem.substr(from.size(), dot - from.size()) + "." : "";
    return layer + found + "." + end;
  }
  return std::nullopt;
}

}  // namespace

std::span<const GgufFamily> gguf_families() { return kFamilies; }

const GgufFamily* find_gguf_family_of_model(const std::string& model_type) {
  for (const GgufFamily& family : kFamilies)
    if (model_type == family.model_type) return &family;
  return nullptr;
}

const GgufFamily* find_gguf_family_of_file(const std::string& architecture) {
  for (const GgufFamily& family : kFamilies)
    if (architecture == family.architecture) return &family;
  return nullptr;
}

std::optional<std::string> gguf_name(const GgufFamily& family, const std::string& hub) {
  return translated(family, hub, true);
}

std::optional<std::string> hub_name(const GgufFamily& family, const std::string& gguf) {
  return translated(family, gguf, false);
}

}  // namespace llmbox
