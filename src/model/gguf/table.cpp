#include "model/gguf/config_rules.h"
#include "model/gguf/family.h"
#include "tensor/gguf.h"

namespace llmbox {

namespace {

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

constexpr GgufKey kNormEps[] = {{"attention.layer_norm_epsilon", "norm_epsilon"}};
constexpr GgufKey kLayerNormEps[] = {{"attention.layer_norm_epsilon", "layer_norm_eps"},
                                     {"logit_scale", "logit_scale"}};
constexpr GgufKey kLayerNormEpsilon[] = {{"attention.layer_norm_rms_epsilon", "layer_norm_epsilon"},
                                         {"attention.layer_norm_epsilon", "layer_norm_epsilon"}};
constexpr GgufKey kRmsFromLayerNorm[] = {{"attention.layer_norm_epsilon", "rms_norm_eps"}};
constexpr GgufKey kNemotron[] = {{"attention.layer_norm_epsilon", "norm_eps"}};
constexpr GgufKey kClip[] = {{"attention.clamp_kqv", "clip_qkv"}};
constexpr GgufKey kSoftcaps[] = {{"attn_logit_softcapping", "attn_logit_softcapping"},
                                 {"final_logit_softcapping", "final_logit_softcapping"},
                                 {"rope.freq_base_swa", "rope_local_base_freq"}};
constexpr GgufKey kGranite[] = {
    {"attention.scale", "attention_multiplier"}, {"embedding_scale", "embedding_multiplier"},
    {"residual_scale", "residual_multiplier"},   {"logit_scale", "logits_scaling"},
    {"expert_count", "num_local_experts"},       {"expert_used_count", "num_experts_per_tok"}};
constexpr GgufKey kQwen[] = {{"attention.layer_norm_rms_epsilon", "layer_norm_epsilon"},
                             {"attention.layer_norm_epsilon", "layer_norm_epsilon"},
                             {"rope.freq_base", "rotary_emb_base"}};
constexpr GgufKey kMixtral[] = {{"expert_count", "num_local_experts"}, {"expert_used_count", "num_experts_per_tok"}};
constexpr GgufKey kExperts[] = {{"expert_count", "num_experts"},
                                {"expert_used_count", "num_experts_per_tok"},
                                {"expert_feed_forward_length", "moe_intermediate_size"},
                                {"expert_shared_feed_forward_length", "shared_expert_intermediate_size"},
                                {"attention.clamp_kqv", "clip_qkv"}};
constexpr GgufKey kDeepseek[] = {{"attention.q_lora_rank", "q_lora_rank"},
                                 {"attention.kv_lora_rank", "kv_lora_rank"},
                                 {"attention.value_length_mla", "v_head_dim"},
                                 {"rope.dimension_count", "qk_rope_head_dim"},
                                 {"leading_dense_block_count", "first_k_dense_replace"},
                                 {"expert_count", "n_routed_experts"},
                                 {"expert_used_count", "num_experts_per_tok"},
                                 {"expert_feed_forward_length", "moe_intermediate_size"},
                                 {"expert_shared_count", "n_shared_experts"},
                                 {"expert_weights_scale", "routed_scaling_factor"},
                                 {"expert_group_count", "n_group"},
                                 {"expert_group_used_count", "topk_group"}};

constexpr GgufKey kGpt2Keys[] = {
    {"context_length", "n_positions"},  {"embedding_length", "n_embd"},
    {"block_count", "n_layer"},         {"feed_forward_length", "n_inner"},
    {"attention.head_count", "n_head"}, {"attention.layer_norm_epsilon", "layer_norm_epsilon"}};
constexpr GgufKey kBloomKeys[] = {{"context_length", "seq_length"},
                                  {"embedding_length", "hidden_size"},
                                  {"block_count", "n_layer"},
                                  {"attention.head_count", "n_head"},
                                  {"attention.layer_norm_epsilon", "layer_norm_epsilon"}};
constexpr GgufKey kMptKeys[] = {{"context_length", "max_seq_len"},
                                {"embedding_length", "d_model"},
                                {"block_count", "n_layers"},
                                {"attention.head_count", "n_heads"},
                                {"attention.layer_norm_epsilon", "layer_norm_epsilon"}};
constexpr GgufKey kMambaKeys[] = {{"embedding_length", "hidden_size"},
                                  {"block_count", "num_hidden_layers"},
                                  {"ssm.conv_kernel", "conv_kernel"},
                                  {"ssm.inner_size", "intermediate_size"},
                                  {"ssm.state_size", "state_size"},
                                  {"ssm.time_step_rank", "time_step_rank"},
                                  {"attention.layer_norm_rms_epsilon", "layer_norm_epsilon"}};

// The first row that a file's tensors fit is what it becomes.
constexpr GgufFamily kFamilies[] = {
    {.architecture = "llama",
     .model_type = "mixtral",
     .mark = ".ffn_gate_exps.weight",
     .rotates_pairs = true,
     .keys = kLlamaKeys,
     .more_keys = kMixtral},
    {.architecture = "llama", .model_type = "llama", .rotates_pairs = true, .keys = kLlamaKeys},
    {.architecture = "llama", .model_type = "mistral", .rotates_pairs = true, .keys = kLlamaKeys},
    {.architecture = "llama", .model_type = "internlm3", .rotates_pairs = true, .keys = kLlamaKeys},
    {.architecture = "arcee", .model_type = "arcee", .rotates_pairs = true, .keys = kLlamaKeys},
    {.architecture = "smollm3", .model_type = "smollm3", .rotates_pairs = true, .keys = kLlamaKeys},
    {.architecture = "granite",
     .model_type = "granite",
     .rotates_pairs = true,
     .divides_logits = true,
     .keys = kLlamaKeys,
     .more_keys = kGranite},
    {.architecture = "granitemoe",
     .model_type = "granitemoe",
     .rotates_pairs = true,
     .divides_logits = true,
     .keys = kLlamaKeys,
     .more_keys = kGranite},
    {.architecture = "minicpm",
     .model_type = "minicpm",
     .rotates_pairs = true,
     .divides_logits = true,
     .keys = kLlamaKeys,
     .complete = complete_minicpm},
    {.architecture = "minicpm3", .model_type = "minicpm3"},
    {.architecture = "baichuan", .model_type = "baichuan", .rotates_pairs = true, .splits_qkv = true},
    {.architecture = "internlm2",
     .model_type = "internlm2",
     .rotates_pairs = true,
     .splits_qkv = true,
     .keys = kLlamaKeys},
    {.architecture = "xverse", .model_type = "xverse", .rotates_pairs = true, .keys = kLlamaKeys},
    {.architecture = "olmo", .model_type = "olmo", .rotates_pairs = true, .keys = kLlamaKeys, .more_keys = kClip},
    {.architecture = "ernie4_5", .model_type = "ernie4_5", .rotates_pairs = true, .keys = kLlamaKeys},
    {.architecture = "ernie4_5-moe", .model_type = "ernie4_5_moe", .rotates_pairs = true},
    {.architecture = "command-r",
     .model_type = "cohere",
     .rotates_pairs = true,
     .keys = kLlamaKeys,
     .more_keys = kLayerNormEps},
    {.architecture = "cohere2",
     .model_type = "cohere2",
     .rotates_pairs = true,
     .keys = kLlamaKeys,
     .more_keys = kLayerNormEps,
     .complete = complete_windows},
    {.architecture = "chatglm", .model_type = "chatglm", .mark = ".attn_qkv.weight", .rotates_pairs = true},
    {.architecture = "chatglm", .model_type = "glm", .rotates_pairs = true, .keys = kLlamaKeys},
    {.architecture = "glm4", .model_type = "glm4", .rotates_pairs = true, .keys = kLlamaKeys},
    {.architecture = "deepseek",
     .model_type = "deepseek",
     .rotates_pairs = true,
     .keys = kLlamaKeys,
     .more_keys = kDeepseek},
    {.architecture = "deepseek2",
     .model_type = "deepseek_v3",
     .mark = ".exp_probs_b.bias",
     .rotates_pairs = true,
     .splits_latent = true,
     .keys = kLlamaKeys,
     .more_keys = kDeepseek,
     .complete = complete_deepseek},
    {.architecture = "deepseek2",
     .model_type = "deepseek_v2",
     .rotates_pairs = true,
     .splits_latent = true,
     .keys = kLlamaKeys,
     .more_keys = kDeepseek,
     .complete = complete_deepseek},
    {.architecture = "glm4moe", .model_type = "glm4_moe", .ffn_norm = "post_attention_norm"},
    {.architecture = "qwen2", .model_type = "qwen2", .keys = kLlamaKeys},
    {.architecture = "qwen3", .model_type = "qwen3", .keys = kLlamaKeys},
    {.architecture = "qwen2moe", .model_type = "qwen2_moe", .keys = kLlamaKeys, .more_keys = kExperts},
    {.architecture = "qwen3moe",
     .model_type = "qwen3_moe",
     .keys = kLlamaKeys,
     .more_keys = kExperts,
     .fixed = R"({"norm_topk_prob": true})"},
    {.architecture = "qwen", .model_type = "qwen", .ffn_length_factor = 2, .keys = kLlamaKeys, .more_keys = kQwen},
    {.architecture = "phi2", .model_type = "phi", .keys = kLlamaKeys, .more_keys = kLayerNormEps},
    {.architecture = "phi3", .model_type = "phi3", .keys = kLlamaKeys},
    {.architecture = "olmo2", .model_type = "olmo2", .keys = kLlamaKeys, .complete = complete_olmo},
    {.architecture = "olmo2", .model_type = "olmo3"},
    {.architecture = "olmoe", .model_type = "olmoe", .keys = kLlamaKeys, .more_keys = kExperts},
    {.architecture = "starcoder2", .model_type = "starcoder2", .keys = kLlamaKeys, .more_keys = kNormEps},
    {.architecture = "stablelm",
     .model_type = "stablelm",
     .keys = kLlamaKeys,
     .more_keys = kLayerNormEps,
     .complete = complete_residual},
    {.architecture = "orion", .model_type = "orion", .keys = kLlamaKeys, .more_keys = kRmsFromLayerNorm},
    {.architecture = "exaone",
     .model_type = "exaone",
     .keys = kLlamaKeys,
     .more_keys = kLayerNormEpsilon,
     .complete = complete_exaone},
    {.architecture = "exaone4", .model_type = "exaone4"},
    {.architecture = "seed_oss", .model_type = "seed_oss", .ffn_norm = "post_attention_norm", .keys = kLlamaKeys},
    {.architecture = "hunyuan-dense", .model_type = "hunyuan_v1_dense"},
    {.architecture = "hunyuan-moe", .model_type = "hunyuan_v1_moe"},
    {.architecture = "gemma", .model_type = "gemma", .keys = kLlamaKeys},
    {.architecture = "gemma2",
     .model_type = "gemma2",
     .keys = kLlamaKeys,
     .more_keys = kSoftcaps,
     .complete = complete_gemma},
    {.architecture = "gemma3",
     .model_type = "gemma3_text",
     .keys = kLlamaKeys,
     .more_keys = kSoftcaps,
     .complete = complete_gemma},
    {.architecture = "nemotron", .model_type = "nemotron", .keys = kLlamaKeys, .more_keys = kNemotron},
    {.architecture = "gpt-oss",
     .model_type = "gpt_oss",
     .ffn_norm = "post_attention_norm",
     .keys = kLlamaKeys,
     .more_keys = kMixtral,
     .fixed = R"({"swiglu_limit": 7.0})",
     .complete = complete_gpt_oss},
    {.architecture = "gpt2", .model_type = "gpt2", .keys = kGpt2Keys},
    {.architecture = "starcoder", .model_type = "gpt_bigcode", .keys = kGpt2Keys, .complete = complete_key_heads},
    {.architecture = "gptneox",
     .model_type = "gpt_neox",
     .keys = kLlamaKeys,
     .more_keys = kLayerNormEps,
     .complete = complete_residual},
    {.architecture = "bloom", .model_type = "bloom", .keys = kBloomKeys},
    {.architecture = "falcon",
     .model_type = "falcon",
     .swaps_parallel_norms = true,
     .keys = kLlamaKeys,
     .more_keys = kLayerNormEpsilon,
     .complete = complete_falcon},
    {.architecture = "mpt", .model_type = "mpt", .keys = kMptKeys, .complete = complete_mpt},
    {.architecture = "mamba", .model_type = "mamba", .keys = kMambaKeys},
    {.architecture = "jamba", .model_type = "jamba"},
};

bool has_tensor(const GgufFile& file, std::string_view end) {
  for (const auto& [name, tensor] : file.tensors())
    if (name.ends_with(end)) return true;
  return false;
}

}  // namespace

std::span<const GgufFamily> gguf_families() { return kFamilies; }

const GgufFamily* find_gguf_family_of_model(const std::string& model_type) {
  for (const GgufFamily& family : kFamilies)
    if (model_type == family.model_type) return &family;
  return nullptr;
}

const GgufFamily* find_gguf_family_of_file(const GgufFile& file) {
  for (const GgufFamily& family : kFamilies)
    if (file.metadata().value("general.architecture", Json()) == family.architecture &&
        (!family.mark || has_tensor(file, family.mark)))
      return &family;
  return nullptr;
}

}  // namespace llmbox
