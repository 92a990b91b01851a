#!/usr/bin/env python3
"""Tiny random checkpoints of further families, with reference logits.

    generate.py [--only NAME ...]

Needs torch, transformers and safetensors; nothing is downloaded. Each folder holds config.json, model.safetensors
(bfloat16) and reference.safetensors (input_ids (2, 16), logits (2, 16, V) float32, the mean next-token loss and its
gradient in the embedding, (V, E)). The reference is transformers' class of the family where it has one. Families that it lacks are a
known class under other names and another packing: the entry says which, and `repack` turns the tensors over.
"""
import argparse
import math
import re
import shutil
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors.torch import save_file
from transformers import AutoConfig, AutoModelForCausalLM
import json

from formulas import V, Plain, chatglm1_ids

HERE = Path(__file__).parent
T = 16
BASE = dict(vocab_size=V, hidden_size=32, intermediate_size=40, num_hidden_layers=2, num_attention_heads=4,
            num_key_value_heads=2, max_position_embeddings=128, rms_norm_eps=1e-3, rope_theta=5000.0,
            tie_word_embeddings=False, hidden_act="silu", bos_token_id=1, eos_token_id=2, pad_token_id=0)


def base(**changes):
    return {**BASE, **changes}


def renamed(*rules):
    def repack(tensors, config):
        result = {}
        for name, tensor in tensors.items():
            for pattern, replacement in rules:
                name = re.sub(pattern, replacement, name)
            result[name] = tensor
        return result
    return repack


def joined(tensors, pattern, parts, target):
    """Rows of the parts one below the other, for every layer: weights and biases."""
    for name in [n for n in tensors if re.search(pattern.format(parts[0]), n)]:
        names = [name.replace(parts[0], part) for part in parts]
        tensors[name.replace(parts[0], target)] = torch.cat([tensors.pop(n) for n in names])
    return tensors


def internlm2(tensors, config):
    heads, kv, dim = config["num_attention_heads"], config["num_key_value_heads"], 8
    for i in range(config["num_hidden_layers"]):
        p = f"model.layers.{i}.self_attn."
        q = tensors.pop(p + "q_proj.weight").view(kv, heads // kv, dim, -1)
        k, v = (tensors.pop(p + f"{x}_proj.weight").view(kv, 1, dim, -1) for x in "kv")
        tensors[p + "wqkv.weight"] = torch.cat([q, k, v], 1).reshape(-1, config["hidden_size"])
    return renamed((r"self_attn\.wqkv", "attention.wqkv"), (r"self_attn\.o_proj", "attention.wo"),
                   (r"mlp\.gate_proj", "feed_forward.w1"), (r"mlp\.up_proj", "feed_forward.w3"),
                   (r"mlp\.down_proj", "feed_forward.w2"), ("input_layernorm", "attention_norm"),
                   ("post_attention_layernorm", "ffn_norm"), ("embed_tokens", "tok_embeddings"),
                   ("^lm_head", "output"))(tensors, config)


def baichuan(tensors, config):
    return joined(tensors, r"self_attn\.{}\.", ["q_proj", "k_proj", "v_proj"], "W_pack")


def qwen(tensors, config):
    tensors = joined(tensors, r"self_attn\.{}\.", ["q_proj", "k_proj", "v_proj"], "c_attn")
    return renamed(("^model.layers", "transformer.h"), (r"self_attn\.c_attn", "attn.c_attn"),
                   (r"self_attn\.o_proj", "attn.c_proj"), (r"mlp\.gate_proj", "mlp.w2"), (r"mlp\.up_proj", "mlp.w1"),
                   (r"mlp\.down_proj", "mlp.c_proj"), ("input_layernorm", "ln_1"),
                   ("post_attention_layernorm", "ln_2"), ("^model.embed_tokens", "transformer.wte"),
                   ("^model.norm", "transformer.ln_f"))(tensors, config)


exaone = renamed(("^model.layers", "transformer.h"), (r"self_attn\.o_proj", "attn.attention.out_proj"),
                 (r"self_attn\.", "attn.attention."), (r"mlp\.gate_proj", "mlp.c_fc_0"),
                 (r"mlp\.up_proj", "mlp.c_fc_1"), (r"mlp\.down_proj", "mlp.c_proj"), ("input_layernorm", "ln_1"),
                 ("post_attention_layernorm", "ln_2"), ("^model.embed_tokens", "transformer.wte"),
                 ("^model.norm", "transformer.ln_f"))


def chatglm(tensors, config):
    tensors = joined(tensors, r"self_attn\.{}\.", ["q_proj", "k_proj", "v_proj"], "query_key_value")
    tensors["transformer.rotary_pos_emb.inv_freq"] = torch.ones(4)
    return renamed(("^model.layers", "transformer.encoder.layers"), (r"self_attn\.o_proj", "self_attention.dense"),
                   ("self_attn", "self_attention"), (r"mlp\.gate_up_proj", "mlp.dense_h_to_4h"),
                   (r"mlp\.down_proj", "mlp.dense_4h_to_h"), ("^model.embed_tokens", "transformer.embedding.word_embeddings"),
                   ("^model.norm", "transformer.encoder.final_layernorm"),
                   ("^lm_head", "transformer.output_layer"))(tensors, config)


def telechat(tensors, config):
    kv, dim = config["num_key_value_heads"], 8
    for i in range(config["num_hidden_layers"]):
        p = f"model.layers.{i}."
        k, v = (tensors.pop(f"{p}self_attn.{x}_proj.weight").view(kv, 1, dim, -1) for x in "kv")
        tensors[p + "self_attention.key_value.weight"] = torch.cat([k, v], 1).reshape(2 * kv * dim, -1)
        for name in ("self_attention.dense", "mlp.down_proj"):
            tensors[f"{p}{name}.bias"] = torch.zeros(config["hidden_size"])
    return renamed(("^model.layers", "transformer.h"), (r"self_attn\.q_proj", "self_attention.query"),
                   (r"self_attn\.o_proj", "self_attention.dense"), ("^model.embed_tokens", "transformer.word_embeddings"),
                   ("^model.norm", "transformer.ln_f"))(tensors, config)


def without_decays(tensors, config):
    return {name: t for name, t in tensors.items() if not re.search(r"(_decay|slope_rate)$", name)}


def mimo(tensors, config):
    tensors["model.mtp_layers.0.input_proj.weight"] = torch.zeros(8, 8)
    return tensors


# name → config of the reference's class; `written`: what config.json says instead of the class's own keys
FAMILIES = {
    "arcee": dict(config=base(model_type="arcee", hidden_act="relu2")),
    "cohere2": dict(config=base(model_type="cohere2", layer_norm_eps=1e-3, logit_scale=0.25, sliding_window=6,
                                sliding_window_pattern=2, tie_word_embeddings=True)),
    "ernie4_5": dict(config=base(model_type="ernie4_5", use_bias=True, head_dim=8)),
    "exaone4": dict(config=base(model_type="exaone4", sliding_window=6, sliding_window_pattern="LG", head_dim=8,
                                layer_types=["sliding_attention", "full_attention"])),
    "glm4_moe": dict(config=base(model_type="glm4_moe", head_dim=8, partial_rotary_factor=0.5, use_qk_norm=True,
                                 attention_bias=True, n_routed_experts=4, n_shared_experts=1, num_experts_per_tok=2,
                                 moe_intermediate_size=8, n_group=2, topk_group=1, routed_scaling_factor=1.5,
                                 norm_topk_prob=True, first_k_dense_replace=1)),
    "ernie4_5_moe": dict(config=base(model_type="ernie4_5_moe", head_dim=8, moe_num_experts=4, moe_k=2,
                                     moe_intermediate_size=8, moe_num_shared_experts=2, moe_layer_start_index=1,
                                     moe_layer_end_index=1, moe_layer_interval=1, use_bias=False)),
    "gpt_neox": dict(config=dict(model_type="gpt_neox", vocab_size=V, hidden_size=32, intermediate_size=40,
                                 num_hidden_layers=2, num_attention_heads=4, rotary_pct=0.5, rotary_emb_base=5000,
                                 max_position_embeddings=64, layer_norm_eps=1e-3, use_parallel_residual=True,
                                 tie_word_embeddings=False, hidden_act="gelu", bos_token_id=1, eos_token_id=2)),
    "granitemoe": dict(config=base(model_type="granitemoe", intermediate_size=12, num_local_experts=4,
                                   num_experts_per_tok=2, embedding_multiplier=3.0, residual_multiplier=0.5,
                                   logits_scaling=2.0, attention_multiplier=0.3)),
    "hunyuan_v1_moe": dict(config=base(model_type="hunyuan_v1_moe", head_dim=8, intermediate_size=8, num_experts=4,
                                       moe_topk=2, attention_bias=False)),
    "jamba": dict(config=base(model_type="jamba", intermediate_size=12, num_experts=2, num_experts_per_tok=1,
                              expert_layer_period=2, expert_layer_offset=1, attn_layer_period=2, attn_layer_offset=1,
                              mamba_d_state=6, mamba_d_conv=4, mamba_expand=2, mamba_dt_rank=3, rope_theta=None)),
    "lfm2": dict(config=base(model_type="lfm2", norm_eps=1e-3, conv_L_cache=3, conv_bias=True,
                             block_auto_adjust_ff_dim=False, layer_types=["conv", "full_attention"])),
    "helium": dict(config=base(model_type="helium", head_dim=8)),
    "hunyuan_v1_dense": dict(config=base(model_type="hunyuan_v1_dense", head_dim=8, attention_bias=False,
                                         rope_scaling=dict(type="dynamic", alpha=1000.0, factor=1.0))),
    "internlm3": dict(config=base(model_type="internlm3", head_dim=8, qkv_bias=True, bias=True),
                      written=dict(architectures=["InternLM3ForCausalLM"])),
    "olmo": dict(config=base(model_type="olmo", clip_qkv=1.25)),
    "olmo3": dict(config=base(model_type="olmo3", sliding_window=6, rope_theta=500000.0,
                              rope_scaling=dict(rope_type="yarn", factor=4.0, original_max_position_embeddings=32),
                              layer_types=["sliding_attention", "full_attention"])),
    "bamba": dict(config=base(model_type="bamba", intermediate_size=32, attn_layer_indices=[1], mamba_n_heads=4, mamba_d_head=16,
                              mamba_n_groups=2, mamba_d_state=6, mamba_d_conv=3, mamba_chunk_size=8, rope_theta=None,
                              rope_parameters=dict(rope_type="default", rope_theta=5000.0,
                                                   partial_rotary_factor=0.5))),
    "falcon_h1": dict(config=base(model_type="falcon_h1", intermediate_size=24, mamba_d_ssm=48, mamba_n_heads=4, mamba_d_head=12,
                                  mamba_n_groups=1, mamba_d_state=6, mamba_chunk_size=8, embedding_multiplier=2.5,
                                  lm_head_multiplier=0.5, key_multiplier=0.7, attention_in_multiplier=1.3,
                                  attention_out_multiplier=0.8, ssm_in_multiplier=1.2, ssm_out_multiplier=0.6,
                                  ssm_multipliers=[0.9, 1.1, 0.8, 1.2, 0.7], mlp_multipliers=[0.75, 1.5],
                                  mamba_rms_norm=True, mamba_norm_before_gate=False)),
    "falcon_h1_no_norm": dict(config=base(model_type="falcon_h1", intermediate_size=24, mamba_d_ssm=48, mamba_n_heads=4, mamba_d_head=12,
                                          mamba_n_groups=2, mamba_d_state=6, mamba_chunk_size=8)),
    "gemma3n_text": dict(config=dict(model_type="gemma3n_text", vocab_size=V, hidden_size=16, intermediate_size=[24] * 6,
                                     num_hidden_layers=6, num_attention_heads=2, num_key_value_heads=1, head_dim=8,
                                     max_position_embeddings=128, rms_norm_eps=1e-3, sliding_window=6, laurel_rank=4,
                                     hidden_size_per_layer_input=4, vocab_size_per_layer_input=48,
                                     num_kv_shared_layers=2, altup_num_inputs=3, altup_active_idx=0,
                                     activation_sparsity_pattern=[0.7, 0.7, 0.0, 0.0, 0.0, 0.0],
                                     layer_types=["sliding_attention", "sliding_attention", "full_attention"] * 2,
                                     bos_token_id=1, eos_token_id=2, pad_token_id=0)),
    "llama4_text": dict(config=base(model_type="llama4_text", head_dim=8, intermediate_size=12,
                                    intermediate_size_mlp=24, num_hidden_layers=3, num_local_experts=3,
                                    num_experts_per_tok=1, interleave_moe_layer_step=2, no_rope_layers=[1, 0, 1],
                                    attention_chunk_size=5, floor_scale=4, attn_scale=0.4)),
    "minimax": dict(config=base(model_type="minimax", head_dim=8, intermediate_size=6, num_local_experts=3,
                                num_hidden_layers=3, num_experts_per_tok=2, block_size=4,
                                layer_types=["linear_attention", "full_attention", "linear_attention"],
                                full_attn_alpha_factor=1.5, full_attn_beta_factor=0.8, linear_attn_alpha_factor=1.2,
                                linear_attn_beta_factor=0.7, mlp_alpha_factor=1.1, mlp_beta_factor=0.9),
                    repack=without_decays),
    "rwkv": dict(config=dict(model_type="rwkv", vocab_size=V, hidden_size=32, attention_hidden_size=32,
                             intermediate_size=40, num_hidden_layers=2, layer_norm_epsilon=1e-3, rescale_every=0, use_cache=False,
                             context_length=128, tie_word_embeddings=False, bos_token_id=1, eos_token_id=2)),
    "persimmon": dict(config=base(model_type="persimmon", hidden_act="relu2", layer_norm_eps=1e-3,
                                  qk_layernorm=True, partial_rotary_factor=0.5)),
    "phimoe": dict(config=base(model_type="phimoe", intermediate_size=10, num_local_experts=4, num_experts_per_tok=2,
                               attention_bias=True, lm_head_bias=True, router_jitter_noise=0.2)),
    "xglm": dict(config=dict(model_type="xglm", vocab_size=V, d_model=32, ffn_dim=40, num_layers=2, attention_heads=4,
                             max_position_embeddings=64, activation_function="gelu", scale_embedding=True,
                             tie_word_embeddings=True, bos_token_id=1, eos_token_id=2, pad_token_id=0)),
    "seed_oss": dict(config=base(model_type="seed_oss", head_dim=8, attention_bias=True, attention_out_bias=False)),
    "codegen": dict(config=dict(model_type="codegen", vocab_size=V, n_positions=64, n_embd=32, n_layer=2, n_head=4,
                                rotary_dim=4, n_inner=40, activation_function="gelu_new", layer_norm_epsilon=1e-3,
                                tie_word_embeddings=False, bos_token_id=1, eos_token_id=2)),
    "minicpm3": dict(config=base(model_type="minicpm3", q_lora_rank=12, kv_lora_rank=16, qk_nope_head_dim=8,
                                 qk_rope_head_dim=4, v_head_dim=8, num_key_value_heads=4, scale_emb=6, scale_depth=1.4,
                                 dim_model_base=16)),
    # ---- known classes under other names
    "internlm2": dict(config=base(model_type="llama"), repack=internlm2,
                      written=dict(model_type="internlm2", architectures=["InternLM2ForCausalLM"], bias=False)),
    "baichuan": dict(config=base(model_type="llama", num_key_value_heads=4), repack=baichuan,
                     written=dict(model_type="baichuan", architectures=["BaichuanForCausalLM"], num_key_value_heads=None)),
    "baichuan2": dict(config=base(model_type="llama", num_key_value_heads=4, rope_theta=10000.0), repack=baichuan,
                      unit_head=True, written=dict(model_type="baichuan", architectures=["BaichuanForCausalLM"],
                                                   num_key_value_heads=None, z_loss_weight=0)),
    "qwen": dict(config=base(model_type="qwen2", num_key_value_heads=4), repack=qwen,
                 written=dict(model_type="qwen", architectures=["QWenLMHeadModel"], intermediate_size=80,
                              layer_norm_epsilon=1e-3, rotary_emb_base=5000.0, kv_channels=8, seq_length=128,
                              no_bias=True, rope_theta=None, rms_norm_eps=None, num_key_value_heads=None)),
    "exaone": dict(config=base(model_type="llama"), repack=exaone,
                   written=dict(model_type="exaone", architectures=["ExaoneForCausalLM"], num_layers=2,
                                layer_norm_epsilon=1e-3, activation_function="silu", num_hidden_layers=None,
                                rms_norm_eps=None, hidden_act=None)),
    "chatglm": dict(config=base(model_type="glm", attention_bias=True, partial_rotary_factor=0.5, head_dim=8,
                                rope_theta=10000.0), repack=chatglm,
                    written=dict(model_type="chatglm", architectures=["ChatGLMModel"], num_layers=2, kv_channels=8,
                                 ffn_hidden_size=40, multi_query_attention=True, multi_query_group_num=2,
                                 padded_vocab_size=V, layernorm_epsilon=1e-3, add_qkv_bias=True, rmsnorm=True,
                                 add_bias_linear=False, apply_residual_connection_post_layernorm=False,
                                 post_layer_norm=True, seq_length=128, num_hidden_layers=None, intermediate_size=None,
                                 num_key_value_heads=None, rms_norm_eps=None, partial_rotary_factor=None)),
    "telechat": dict(config=base(model_type="llama", rope_theta=10000.0), repack=telechat,
                     written=dict(model_type="telechat", architectures=["TelechatForCausalLM"], n_layer=2, n_head=4,
                                  ffn_hidden_size=40, layer_norm_epsilon=1e-3, seq_length=128, base_seqlen=128,
                                  num_hidden_layers=None, num_attention_heads=None, intermediate_size=None,
                                  rms_norm_eps=None, hidden_act=None, max_position_embeddings=None)),
    "mimo": dict(config=base(model_type="qwen2", use_sliding_window=False), repack=mimo,
                 written=dict(model_type="mimo", architectures=["MiMoForCausalLM"], num_nextn_predict_layers=1,
                              attention_bias=True)),
    "minicpm": dict(config=base(model_type="granite", embedding_multiplier=6.0, residual_multiplier=1.4 / math.sqrt(2),
                                logits_scaling=2.0, attention_multiplier=1 / math.sqrt(8), tie_word_embeddings=True),
                    written=dict(model_type="minicpm", architectures=["MiniCPMForCausalLM"], scale_emb=6,
                                 scale_depth=1.4, dim_model_base=16)),
    "kimi_k2": dict(config=base(model_type="deepseek_v3", q_lora_rank=12, kv_lora_rank=16, qk_nope_head_dim=8,
                                qk_rope_head_dim=4, v_head_dim=8, num_key_value_heads=4, n_routed_experts=4,
                                n_shared_experts=1, num_experts_per_tok=2, moe_intermediate_size=8, n_group=1,
                                topk_group=1, routed_scaling_factor=2.8, norm_topk_prob=True,
                                first_k_dense_replace=1),
                    written=dict(model_type="kimi_k2", scoring_func="sigmoid", topk_method="noaux_tc")),
    "moonlight": dict(config=base(model_type="deepseek_v3", q_lora_rank=None, kv_lora_rank=16, qk_nope_head_dim=8,
                                  qk_rope_head_dim=4, v_head_dim=8, num_key_value_heads=4, n_routed_experts=4,
                                  n_shared_experts=2, num_experts_per_tok=2, moe_intermediate_size=8, n_group=1,
                                  topk_group=1, routed_scaling_factor=2.446, norm_topk_prob=True,
                                  first_k_dense_replace=1),
                      keep_none=["q_lora_rank"],
                      written=dict(scoring_func="sigmoid", topk_method="noaux_tc")),
    "orion": dict(config=base(model_type="stablelm", layer_norm_eps=1e-3, partial_rotary_factor=1.0,
                              use_qkv_bias=False),
                  written=dict(model_type="orion", architectures=["OrionForCausalLM"], rms_norm_eps=1e-3)),
    # ---- formulas written out
    "baichuan_13b": dict(plain="plain", config=base(alibi=True, num_key_value_heads=4), repack=baichuan,
                         written=dict(model_type="baichuan", architectures=["BaichuanForCausalLM"],
                                      model_max_length=128, max_position_embeddings=None, num_key_value_heads=None,
                                      rope_theta=None, alibi=None)),
    "deepseek": dict(plain="plain", config=base(n_routed_experts=4, n_shared_experts=2, num_experts_per_tok=2,
                                             moe_intermediate_size=8, first_k_dense_replace=1),
                     written=dict(model_type="deepseek", architectures=["DeepseekForCausalLM"], moe_layer_freq=1,
                                  scoring_func="softmax", norm_topk_prob=False)),
    "chatglm1": dict(plain="chatglm1", make_ids=chatglm1_ids,
                     config=dict(model_type="chatglm", vocab_size=V, hidden_size=32, inner_hidden_size=40, num_layers=2,
                                 num_attention_heads=4, layernorm_epsilon=1e-3, bos_token_id=V - 2,
                                 eos_token_id=V - 1, mask_token_id=V - 4, gmask_token_id=V - 3,
                                 max_sequence_length=128, position_encoding_2d=True),
                     written=dict(architectures=["ChatGLMModel"])),
    "rwkv5": dict(plain="rwkv56", config=dict(model_type="rwkv5", vocab_size=V, hidden_size=32, head_size=8,
                                              head_size_divisor=4, intermediate_size=40, num_hidden_layers=2,
                                              layer_norm_epsilon=1e-3),
                  written=dict(architectures=["Rwkv5ForCausalLM"], attention_hidden_size=32)),
    "rwkv6": dict(plain="rwkv56", config=dict(model_type="rwkv6", vocab_size=V, hidden_size=32, head_size=8,
                                              head_size_divisor=4, intermediate_size=40, num_hidden_layers=2,
                                              time_mix_extra_dim=4, time_decay_extra_dim=6, layer_norm_epsilon=1e-3),
                  written=dict(architectures=["Rwkv6ForCausalLM"], attention_hidden_size=32)),
    "rwkv7": dict(plain="rwkv7", config=dict(model_type="rwkv7", vocab_size=V, hidden_size=32, head_dim=8,
                                             intermediate_size=40, num_hidden_layers=2, decay_low_rank_dim=4,
                                             a_low_rank_dim=5, v_low_rank_dim=3, gate_low_rank_dim=6, norm_eps=1e-3),
                  written=dict(architectures=["RWKV7ForCausalLM"], norm_first=True, norm_bias=True)),
    "Yi": dict(config=base(model_type="llama", rope_theta=5000000.0, rms_norm_eps=1e-5),
               repack=renamed(("input_layernorm", "ln1"), ("post_attention_layernorm", "ln2")),
               written=dict(model_type="Yi", architectures=["YiForCausalLM"])),
    "minicpm4": dict(config=base(model_type="granite", embedding_multiplier=6.0, residual_multiplier=1.4 / math.sqrt(2),
                                 logits_scaling=2.0, attention_multiplier=1 / math.sqrt(8),
                                 rope_scaling=dict(rope_type="longrope", original_max_position_embeddings=64,
                                                   short_factor=[1.0, 1.2, 1.5, 2.5], long_factor=[1.5, 2.0, 4.0, 8.0])),
                     written=dict(model_type="minicpm", architectures=["MiniCPMForCausalLM"], scale_emb=6,
                                  scale_depth=1.4, dim_model_base=16)),
    "xverse": dict(config=base(model_type="llama"),
                   written=dict(model_type="xverse", architectures=["XverseForCausalLM"])),
    "aquila": dict(config=base(model_type="llama"),
                   written=dict(model_type="aquila", architectures=["AquilaForCausalLM"])),
}


def randomise(model, seed):
    g = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, p in model.named_parameters():
            noise = torch.randn(p.shape, generator=g)
            if p.dim() == 1 and name.endswith("bias"):
                value = 0.2 * noise
            elif p.dim() == 1:
                value = 1 + 0.2 * noise
            elif "embed" in name or "wte" in name:
                value = 0.5 * noise
            else:
                value = 1.2 * noise / math.sqrt(p.shape[-1])
            p.copy_(value.to(torch.bfloat16).float())
        for name, b in model.named_buffers():
            if name.endswith("e_score_correction_bias"):
                b.copy_((0.2 * torch.randn(b.shape, generator=g)).to(torch.bfloat16).float())


def build(entry, seed):
    kept = entry.get("keep_none", [])
    config = {key: value for key, value in entry["config"].items() if value is not None or key in kept}
    if entry.get("plain"):
        model = Plain(config, entry["plain"])
        randomise(model, seed)
        return model
    model = AutoModelForCausalLM.from_config(AutoConfig.for_model(**config), dtype=torch.float32,
                                             attn_implementation="eager")
    if hasattr(model, "set_experts_implementation"):
        model.set_experts_implementation("eager")
    model = model.float().eval()
    randomise(model, seed)
    return model


def written_tensors(model, folder):
    if isinstance(model, Plain):
        return {name: tensor.detach() for name, tensor in model.w.items()}
    from safetensors.torch import load_file
    model.save_pretrained(folder / "tmp")
    tensors = load_file(folder / "tmp" / "model.safetensors")
    shutil.rmtree(folder / "tmp")
    return tensors


def generate(name, entry, seed):
    folder = HERE / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    model = build(entry, seed)
    head = model.lm_head.weight.detach().clone() if entry.get("unit_head") else None
    if head is not None:
        with torch.no_grad():
            model.lm_head.weight.copy_(F.normalize(head))
    ids = torch.randint(3, V, (2, T), generator=torch.Generator().manual_seed(seed + 1))
    if entry.get("make_ids"):
        ids = entry["make_ids"](ids, entry["config"])
    logits = model(ids).logits
    loss = F.cross_entropy(logits[:, :-1].reshape(-1, V), ids[:, 1:].reshape(-1))
    loss.backward()
    tensors = written_tensors(model, folder)
    if head is not None:  # rows of any length in the file: the model brings them to 1
        tensors["lm_head.weight"] = head
    if entry.get("repack"):
        tensors = entry["repack"](tensors, entry["config"])
    tensors = {k: (t.contiguous() if k.endswith("correction_bias") else t.to(torch.bfloat16).contiguous())
               for k, t in tensors.items()}
    save_file(tensors, folder / "model.safetensors")
    written = {k: v for k, v in entry["config"].items()}
    written.setdefault("architectures", [type(model).__name__])
    written.update(entry.get("written", {}))
    written = {k: v for k, v in written.items() if v is not None or k in entry.get("keep_none", [])}
    (folder / "config.json").write_text(json.dumps(written, indent=1, sort_keys=True) + "\n")
    embedding = model.get_input_embeddings().weight.grad
    save_file({"input_ids": ids, "logits": logits.detach(), "loss": loss.detach().reshape(1),
               "embedding_gradient": embedding}, folder / "reference.safetensors")
    size = sum(f.stat().st_size for f in folder.iterdir())
    print(f"{name:18} {size // 1024:4} KB  loss {loss.item():.4f}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--only", nargs="*")
    args = parser.parse_args()
    torch.set_num_threads(1)
    for i, (name, entry) in enumerate(FAMILIES.items()):
        if args.only and name not in args.only:
            continue
        try:
            generate(name, entry, 100 + i)
        except Exception as error:
            print(f"{name}: {type(error).__name__}: {error}")


if __name__ == "__main__":
    main()
