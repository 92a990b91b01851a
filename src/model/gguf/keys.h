// llama.cpp's keys under the hub's names, in lists that the rows of table.cpp share: k…Keys is all that a family has,
// the others come on top of one of those.
#pragma once

#include "model/gguf/family.h"

namespace llmbox {

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

constexpr GgufKey kLatent[] = {{"attention.q_lora_rank", "q_lora_rank"},
                               {"attention.kv_lora_rank", "kv_lora_rank"},
                               {"attention.value_length", "v_head_dim"},
                               {"rope.dimension_count", "qk_rope_head_dim"}};
constexpr GgufKey kErnie[] = {{"expert_count", "moe_num_experts"},
                              {"expert_used_count", "moe_k"},
                              {"expert_feed_forward_length", "moe_intermediate_size"},
                              {"expert_shared_count", "moe_num_shared_experts"},
                              {"leading_dense_block_count", "moe_layer_start_index"},
                              {"interleave_moe_layer_step", "moe_layer_interval"}};
constexpr GgufKey kHunyuan[] = {{"expert_count", "num_experts"},
                                {"expert_used_count", "moe_topk"},
                                {"expert_feed_forward_length", "moe_intermediate_size"},
                                {"expert_shared_feed_forward_length", "intermediate_size"}};
constexpr GgufKey kJamba[] = {{"ssm.inner_size", "mamba_inner_size"}, {"ssm.conv_kernel", "mamba_d_conv"},
                              {"ssm.state_size", "mamba_d_state"},    {"ssm.time_step_rank", "mamba_dt_rank"},
                              {"expert_count", "num_experts"},        {"expert_used_count", "num_experts_per_tok"}};

constexpr GgufKey kQwenNext[] = {{"expert_count", "num_experts"},
                                 {"expert_used_count", "num_experts_per_tok"},
                                 {"expert_feed_forward_length", "moe_intermediate_size"},
                                 {"expert_shared_feed_forward_length", "shared_expert_intermediate_size"},
                                 {"ssm.conv_kernel", "linear_conv_kernel_dim"},
                                 {"ssm.state_size", "linear_key_head_dim"},
                                 {"ssm.group_count", "linear_num_key_heads"},
                                 {"ssm.time_step_rank", "linear_num_value_heads"},
                                 {"ssm.inner_size", "linear_inner_size"},
                                 {"full_attention_interval", "full_attention_interval"}};
constexpr GgufKey kMamba2[] = {{"ssm.conv_kernel", "mamba_d_conv"},
                               {"ssm.inner_size", "mamba_d_ssm"},
                               {"ssm.state_size", "mamba_d_state"},
                               {"ssm.group_count", "mamba_n_groups"},
                               {"ssm.time_step_rank", "mamba_n_heads"}};
constexpr GgufKey kLfm2[] = {{"attention.layer_norm_rms_epsilon", "norm_eps"}, {"shortconv.l_cache", "conv_L_cache"}};
constexpr GgufKey kLlama4[] = {{"feed_forward_length", "intermediate_size_mlp"},
                               {"expert_feed_forward_length", "intermediate_size"},
                               {"expert_count", "num_local_experts"},
                               {"expert_used_count", "num_experts_per_tok"},
                               {"interleave_moe_layer_step", "interleave_moe_layer_step"},
                               {"attention.sliding_window", "attention_chunk_size"}};

constexpr GgufKey kGemma3n[] = {{"final_logit_softcapping", "final_logit_softcapping"},
                                {"rope.freq_base_swa", "rope_local_base_freq"},
                                {"altup.active_idx", "altup_active_idx"},
                                {"altup.num_inputs", "altup_num_inputs"},
                                {"embedding_length_per_layer_input", "hidden_size_per_layer_input"},
                                {"attention.shared_kv_layers", "num_kv_shared_layers"}};

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
constexpr GgufKey kT5Keys[] = {{"context_length", "n_positions"},
                               {"embedding_length", "d_model"},
                               {"feed_forward_length", "d_ff"},
                               {"block_count", "num_layers"},
                               {"decoder_block_count", "num_decoder_layers"},
                               {"attention.head_count", "num_heads"},
                               {"attention.key_length", "d_kv"},
                               {"attention.layer_norm_rms_epsilon", "layer_norm_epsilon"},
                               {"attention.relative_buckets_count", "relative_attention_num_buckets"},
                               {"decoder_start_token_id", "decoder_start_token_id"}};
constexpr GgufKey kRwkv6Keys[] = {{"embedding_length", "hidden_size"},
                                  {"block_count", "num_hidden_layers"},
                                  {"feed_forward_length", "intermediate_size"},
                                  {"wkv.head_size", "head_size"},
                                  {"time_mix_extra_dim", "time_mix_extra_dim"},
                                  {"time_decay_extra_dim", "time_decay_extra_dim"},
                                  {"attention.layer_norm_epsilon", "layer_norm_epsilon"}};
constexpr GgufKey kRwkv7Keys[] = {{"embedding_length", "hidden_size"},
                                  {"block_count", "num_hidden_layers"},
                                  {"feed_forward_length", "intermediate_size"},
                                  {"wkv.head_size", "head_dim"},
                                  {"attention.decay_lora_rank", "decay_low_rank_dim"},
                                  {"attention.iclr_lora_rank", "a_low_rank_dim"},
                                  {"attention.value_residual_mix_lora_rank", "v_low_rank_dim"},
                                  {"attention.gate_lora_rank", "gate_low_rank_dim"},
                                  {"attention.layer_norm_epsilon", "norm_eps"}};
constexpr GgufKey kChatglmKeys[] = {{"context_length", "seq_length"},
                                    {"embedding_length", "hidden_size"},
                                    {"block_count", "num_layers"},
                                    {"feed_forward_length", "ffn_hidden_size"},
                                    {"attention.head_count", "num_attention_heads"},
                                    {"attention.head_count_kv", "multi_query_group_num"},
                                    {"attention.key_length", "kv_channels"},
                                    {"attention.layer_norm_rms_epsilon", "layernorm_epsilon"}};

}  // namespace llmbox
