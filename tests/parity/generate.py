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

HERE = Path(__file__).parent
V, T = 64, 16
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


def mimo(tensors, config):
    tensors["model.mtp_layers.0.input_proj.weight"] = torch.zeros(8, 8)
    return tensors


# ---- formulas written out, for families that transformers never had

def rms(x, weight, eps):
    return weight * x * torch.rsqrt(x.square().mean(-1, keepdim=True) + eps)


def rotate(x, theta):  # (T, heads, D), halves
    dim = x.shape[-1]
    angles = torch.outer(torch.arange(x.shape[0]).float(), theta ** (-torch.arange(0, dim, 2) / dim))
    cos, sin = angles.cos().repeat(1, 2).unsqueeze(1), angles.sin().repeat(1, 2).unsqueeze(1)
    return x * cos + torch.cat([-x[..., dim // 2:], x[..., :dim // 2]], -1) * sin


def plain_attention(x, w, c, p):
    n, dim = c["num_attention_heads"], c["hidden_size"] // c["num_attention_heads"]
    q, k, v = ((x @ w[f"{p}self_attn.{part}_proj.weight"].T).view(len(x), -1, dim) for part in "qkv")
    if not c.get("alibi"):
        q, k = rotate(q, c["rope_theta"]), rotate(k, c["rope_theta"])
    k, v = (t.repeat_interleave(n // t.shape[1], 1) for t in (k, v))
    scores = torch.einsum("qhd,khd->hqk", q, k) / math.sqrt(dim)
    if c.get("alibi"):
        distance = torch.arange(len(x)).unsqueeze(0) - torch.arange(len(x)).unsqueeze(1)
        slopes = torch.tensor([2 ** (-8 * (i + 1) / n) for i in range(n)])
        scores = scores + slopes.view(-1, 1, 1) * distance
    future = torch.ones(len(x), len(x)).triu(1).bool()
    weights = scores.masked_fill(future, float("-inf")).softmax(-1)
    return torch.einsum("hqk,khd->qhd", weights, v).flatten(1) @ w[f"{p}self_attn.o_proj.weight"].T


def plain_mlp(x, w, p):
    gate, up = x @ w[p + "gate_proj.weight"].T, x @ w[p + "up_proj.weight"].T
    return (F.silu(gate) * up) @ w[p + "down_proj.weight"].T


def plain_experts(x, w, c, p):
    scores = (x @ w[p + "gate.weight"].T).softmax(-1)
    best = scores.topk(c["num_experts_per_tok"], -1)
    rows = []
    for t in range(len(x)):
        rows.append(sum(weight * plain_mlp(x[t:t + 1], w, f"{p}experts.{int(e)}.")[0]
                        for weight, e in zip(best.values[t], best.indices[t])))
    return torch.stack(rows) + plain_mlp(x, w, p + "shared_experts.")


def plain_logits(w, c, ids):
    x, eps = w["model.embed_tokens.weight"][ids], c["rms_norm_eps"]
    for i in range(c["num_hidden_layers"]):
        p = f"model.layers.{i}."
        x = x + plain_attention(rms(x, w[p + "input_layernorm.weight"], eps), w, c, p)
        y = rms(x, w[p + "post_attention_layernorm.weight"], eps)
        sparse = p + "mlp.gate.weight" in w
        x = x + (plain_experts(y, w, c, p + "mlp.") if sparse else plain_mlp(y, w, p + "mlp."))
    return rms(x, w["model.norm.weight"], eps) @ w["lm_head.weight"].T


def plain_shapes(c):
    e, f, dim = c["hidden_size"], c["intermediate_size"], c["hidden_size"] // c["num_attention_heads"]
    kv = c["num_key_value_heads"] * dim
    shapes = {"model.embed_tokens.weight": (V, e), "lm_head.weight": (V, e), "model.norm.weight": (e,)}
    for i in range(c["num_hidden_layers"]):
        p = f"model.layers.{i}."
        for name, shape in (("q", (e, e)), ("k", (kv, e)), ("v", (kv, e)), ("o", (e, e))):
            shapes[f"{p}self_attn.{name}_proj.weight"] = shape
        for name in ("input_layernorm", "post_attention_layernorm"):
            shapes[f"{p}{name}.weight"] = (e,)
        mlps = {"mlp.": f}
        if "n_routed_experts" in c and i >= c["first_k_dense_replace"]:
            inner = c["moe_intermediate_size"]
            mlps = {f"mlp.experts.{n}.": inner for n in range(c["n_routed_experts"])}
            mlps["mlp.shared_experts."] = inner * c["n_shared_experts"]
            shapes[p + "mlp.gate.weight"] = (c["n_routed_experts"], e)
        for prefix, inner in mlps.items():
            shapes |= {p + prefix + "gate_proj.weight": (inner, e), p + prefix + "up_proj.weight": (inner, e),
                       p + prefix + "down_proj.weight": (e, inner)}
    return shapes


class Plain(torch.nn.Module):
    """Stands where transformers' class would."""

    def __init__(self, config):
        super().__init__()
        self.c = config
        self.w = {name: torch.nn.Parameter(torch.zeros(shape)) for name, shape in plain_shapes(config).items()}

    def named_parameters(self, *_, **__):
        return self.w.items()

    def forward(self, ids):
        logits = torch.stack([plain_logits(self.w, self.c, row) for row in ids])
        return argparse.Namespace(logits=logits)

    def get_input_embeddings(self):
        return argparse.Namespace(weight=self.w["model.embed_tokens.weight"])


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
    "orion": dict(config=base(model_type="stablelm", layer_norm_eps=1e-3, partial_rotary_factor=1.0,
                              use_qkv_bias=False),
                  written=dict(model_type="orion", architectures=["OrionForCausalLM"], rms_norm_eps=1e-3)),
    # ---- formulas written out
    "baichuan_13b": dict(plain=True, config=base(alibi=True, num_key_value_heads=4), repack=baichuan,
                         written=dict(model_type="baichuan", architectures=["BaichuanForCausalLM"],
                                      model_max_length=128, max_position_embeddings=None, num_key_value_heads=None,
                                      rope_theta=None, alibi=None)),
    "deepseek": dict(plain=True, config=base(n_routed_experts=4, n_shared_experts=2, num_experts_per_tok=2,
                                             moe_intermediate_size=8, first_k_dense_replace=1),
                     written=dict(model_type="deepseek", architectures=["DeepseekForCausalLM"], moe_layer_freq=1,
                                  scoring_func="softmax", norm_topk_prob=False)),
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
    config = {key: value for key, value in entry["config"].items() if value is not None}
    if entry.get("plain"):
        model = Plain(config)
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
    written = {k: v for k, v in written.items() if v is not None}
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
