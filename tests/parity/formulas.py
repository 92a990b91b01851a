"""Formulas written out plainly, for families that transformers lacks: NAME_logits(w, c, ids) gives one row's logits
from the weights w (hub names) and the config c, NAME_shapes(c) the weights. Plain stands where a class would."""
import argparse
import math

import torch
import torch.nn.functional as F

V = 64


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
    """Stands where transformers' class would: `formula` names the pair of functions above."""

    def __init__(self, config, formula):
        super().__init__()
        self.c = config
        self.run = globals()[formula + "_logits"]
        shapes = globals()[formula + "_shapes"](config)
        self.w = {name: torch.nn.Parameter(torch.zeros(shape)) for name, shape in shapes.items()}

    def named_parameters(self, *_, **__):
        return self.w.items()

    def forward(self, ids):
        logits = torch.stack([self.run(self.w, self.c, row) for row in ids])
        return argparse.Namespace(logits=logits)

    def get_input_embeddings(self):
        return argparse.Namespace(weight=next(w for name, w in self.w.items() if "embed" in name))


# ---- RWKV 5 to 7, token by token as the papers write them (Peng et al. 2024, 2025)

def shifted(x):
    return torch.cat([torch.zeros_like(x[:1]), x[:-1]])


def layer_norm(x, w, name, eps):
    return F.layer_norm(x, x.shape[-1:], w[name + ".weight"], w[name + ".bias"], eps)


def head_norm(x, w, name, heads, eps):
    return F.group_norm(x, heads, w[name + ".weight"], w[name + ".bias"], eps)


def rwkv_memory(r, k, v, decay, bonus):  # (T, H, D) each; bonus (H, D)
    state, rows = torch.zeros(*k.shape[1:], v.shape[-1]), []
    for t in range(len(r)):
        own = k[t].unsqueeze(-1) * v[t].unsqueeze(-2)
        rows.append((r[t].unsqueeze(-1) * (state + bonus.unsqueeze(-1) * own)).sum(-2))
        state = decay[t].unsqueeze(-1) * state + own
    return torch.stack(rows)


def rwkv5_mixes(x, w, p):
    past = shifted(x)
    def mix(name):
        share = w[p + "time_mix_" + name].flatten()
        return x * share + past * (1 - share)
    decay = torch.exp(-torch.exp(w[p + "time_decay"])).expand(len(x), -1, -1)
    return mix("receptance"), mix("key"), mix("value"), mix("gate"), decay


def rwkv6_mixes(x, w, p):
    delta = shifted(x) - x
    inner = torch.tanh((x + delta * w[p + "time_maa_x"].flatten()) @ w[p + "time_maa_w1"]).view(len(x), 5, -1)
    mixes = {}
    for i, name in enumerate("wkvrg"):
        more = inner[:, i] @ w[p + "time_maa_w2"][i]
        mixes[name] = x + delta * (w[p + "time_maa_" + name].flatten() + more)
    rate = w[p + "time_decay"].flatten() + torch.tanh(mixes["w"] @ w[p + "time_decay_w1"]) @ w[p + "time_decay_w2"]
    decay = torch.exp(-torch.exp(rate)).view(len(x), *w[p + "time_faaaa"].shape)
    return mixes["r"], mixes["k"], mixes["v"], mixes["g"], decay


def rwkv56_attention(x, w, c, p):
    xr, xk, xv, xg, decay = (rwkv5_mixes if c["model_type"] == "rwkv5" else rwkv6_mixes)(x, w, p)
    heads = lambda y, name: (y @ w[p + name + ".weight"].T).view(len(x), -1, c["head_size"])
    y = rwkv_memory(heads(xr, "receptance"), heads(xk, "key"), heads(xv, "value"), decay, w[p + "time_faaaa"])
    y = head_norm(y.flatten(1) / c["head_size_divisor"], w, p + "ln_x", y.shape[1], c["layer_norm_epsilon"])
    return (y * F.silu(xg @ w[p + "gate.weight"].T)) @ w[p + "output.weight"].T


def rwkv56_feed_forward(x, w, c, p):
    past = shifted(x)
    def mix(name):
        if c["model_type"] == "rwkv5":
            share = w[f"{p}time_mix_{name}"].flatten()
            return x * share + past * (1 - share)
        return x + (past - x) * w[f"{p}time_maa_{name[0]}"].flatten()
    k = torch.relu(mix("key") @ w[p + "key.weight"].T).square()
    return torch.sigmoid(mix("receptance") @ w[p + "receptance.weight"].T) * (k @ w[p + "value.weight"].T)


def rwkv56_logits(w, c, ids):
    eps = c["layer_norm_epsilon"]
    x = layer_norm(w["rwkv.embeddings.weight"][ids], w, "rwkv.blocks.0.pre_ln", eps)
    for i in range(c["num_hidden_layers"]):
        p = f"rwkv.blocks.{i}."
        x = x + rwkv56_attention(layer_norm(x, w, p + "ln1", eps), w, c, p + "attention.")
        x = x + rwkv56_feed_forward(layer_norm(x, w, p + "ln2", eps), w, c, p + "feed_forward.")
    return layer_norm(x, w, "rwkv.ln_out", 1e-5) @ w["head.weight"].T


def norm_shapes(name, size):
    return {name + ".weight": (size,), name + ".bias": (size,)}


def rwkv56_shapes(c):
    e, f, d, v6 = c["hidden_size"], c["intermediate_size"], c["head_size"], c["model_type"] == "rwkv6"
    shapes = {"rwkv.embeddings.weight": (V, e), "head.weight": (V, e), **norm_shapes("rwkv.ln_out", e),
              **norm_shapes("rwkv.blocks.0.pre_ln", e)}
    for i in range(c["num_hidden_layers"]):
        p = f"rwkv.blocks.{i}."
        a, b = p + "attention.", p + "feed_forward."
        shapes |= {**norm_shapes(p + "ln1", e), **norm_shapes(p + "ln2", e), **norm_shapes(a + "ln_x", e)}
        shapes |= {f"{a}{n}.weight": (e, e) for n in ("receptance", "key", "value", "gate", "output")}
        shapes |= {b + "key.weight": (f, e), b + "value.weight": (e, f), b + "receptance.weight": (e, e)}
        shapes[a + "time_faaaa"] = (e // d, d)
        if v6:
            mix, decay = c["time_mix_extra_dim"], c["time_decay_extra_dim"]
            shapes |= {f"{a}time_maa_{n}": (1, 1, e) for n in "xwkvrg"} | {f"{b}time_maa_{n}": (1, 1, e) for n in "kr"}
            shapes |= {a + "time_maa_w1": (e, 5 * mix), a + "time_maa_w2": (5, mix, e), a + "time_decay": (1, 1, e),
                       a + "time_decay_w1": (e, decay), a + "time_decay_w2": (decay, e)}
        else:
            shapes |= {f"{a}time_mix_{n}": (1, 1, e) for n in ("receptance", "key", "value", "gate")}
            shapes |= {f"{b}time_mix_{n}": (1, 1, e) for n in ("receptance", "key")}
            shapes[a + "time_decay"] = (e // d, d)
    return shapes


def rwkv7_attention(x, w, c, p, first_values):
    d, delta = c["head_dim"], shifted(x) - x
    xr, xw, xk, xv, xa, xg = (x + delta * w[f"{p}x_{n}"].flatten() for n in "rwkvag")
    def low_rank(y, name, between):
        up = w[f"{p}{name}_lora.lora.2.weight"]
        return between(y @ w[f"{p}{name}_lora.lora.0.weight"].T) @ up.T + w.get(f"{p}{name}_lora.lora.2.bias", 0)
    same = lambda y: y
    r, k, v = (y @ w[f"{p}{n}_proj.weight"].T for y, n in ((xr, "r"), (xk, "k"), (xv, "v")))
    decay = torch.exp(-math.exp(-0.5) * torch.sigmoid(low_rank(xw, "w", torch.tanh)))
    rate = torch.sigmoid(low_rank(xa, "a", same))
    if first_values is not None:
        v = v + (first_values - v) * torch.sigmoid(low_rank(xv, "v", same))
    removed = F.normalize((k * w[p + "k_k"]).view(len(x), -1, d), dim=-1)
    key = k * (1 + (rate - 1) * w[p + "k_a"])
    heads = lambda y: y.view(len(x), -1, d)
    state, rows = torch.zeros(x.shape[1] // d, d, d), []  # (H, value, key)
    for t in range(len(x)):
        kk, a, w_t, k_t, v_t = removed[t], heads(rate)[t], heads(decay)[t], heads(key)[t], heads(v)[t]
        recalled = (state * -kk.unsqueeze(-2)).sum(-1, keepdim=True)
        state = state * w_t.unsqueeze(-2) + recalled * (kk * a).unsqueeze(-2) + v_t.unsqueeze(-1) * k_t.unsqueeze(-2)
        rows.append((state * heads(r)[t].unsqueeze(-2)).sum(-1))
    y = head_norm(torch.stack(rows).flatten(1), w, p + "g_norm", x.shape[1] // d, d * c["norm_eps"])
    y = y + ((heads(r) * heads(key) * w[p + "r_k"]).sum(-1, keepdim=True) * heads(v)).flatten(1)
    return (y * low_rank(xg, "g", torch.sigmoid)) @ w[p + "o_proj.weight"].T, v


def rwkv7_logits(w, c, ids):
    eps, first_values = c["norm_eps"], None
    x = layer_norm(w["model.embeddings.weight"][ids], w, "model.layers.0.pre_norm", eps)
    for i in range(c["num_hidden_layers"]):
        p = f"model.layers.{i}."
        y, values = rwkv7_attention(layer_norm(x, w, p + "attn_norm", eps), w, c, p + "attn.", first_values)
        first_values = values if i == 0 else first_values
        x = x + y
        y = layer_norm(x, w, p + "ffn_norm", eps)
        y = y + (shifted(y) - y) * w[p + "ffn.x_k"]
        x = x + torch.relu(y @ w[p + "ffn.key.weight"].T).square() @ w[p + "ffn.value.weight"].T
    return layer_norm(x, w, "model.norm", eps) @ w["lm_head.weight"].T


def rwkv7_shapes(c):
    e, f, d = c["hidden_size"], c["intermediate_size"], c["head_dim"]
    shapes = {"model.embeddings.weight": (V, e), "lm_head.weight": (V, e), **norm_shapes("model.norm", e),
              **norm_shapes("model.layers.0.pre_norm", e)}
    ranks = {"w": "decay", "a": "a", "v": "v", "g": "gate"}
    for i in range(c["num_hidden_layers"]):
        p, a = f"model.layers.{i}.", f"model.layers.{i}.attn."
        for name in ("attn_norm", "ffn_norm", "attn.g_norm"):
            shapes |= norm_shapes(p + name, e)
        shapes |= {f"{a}x_{n}": (1, 1, e) for n in "rwkvag"} | {f"{a}{n}_proj.weight": (e, e) for n in "rkvo"}
        shapes |= {a + "k_k": (e,), a + "k_a": (e,), a + "r_k": (e // d, d), p + "ffn.x_k": (e,),
                   p + "ffn.key.weight": (f, e), p + "ffn.value.weight": (e, f)}
        for n, key in ranks.items():
            if n == "v" and i == 0:
                continue
            rank = c[key + "_low_rank_dim"]
            shapes |= {f"{a}{n}_lora.lora.0.weight": (rank, e), f"{a}{n}_lora.lora.2.weight": (e, rank)}
            if n != "g":
                shapes[f"{a}{n}_lora.lora.2.bias"] = (e,)
    return shapes


# ---- the first ChatGLM: its modelling code, written plainly

def rotate_at(x, positions):  # (T, heads, R) at given positions, halves
    dim = x.shape[-1]
    angles = torch.outer(positions.float(), 10000.0 ** (-torch.arange(0, dim, 2) / dim))
    cos, sin = angles.cos().repeat(1, 2).unsqueeze(1), angles.sin().repeat(1, 2).unsqueeze(1)
    return x * cos + torch.cat([-x[..., dim // 2:], x[..., :dim // 2]], -1) * sin


def chatglm1_positions(ids, c):
    """Where each token sits (the answer: at the mask), its place in the answer, and how much all tokens may see."""
    context = ids.tolist().index(c["bos_token_id"])
    mask = c["gmask_token_id"] if c["gmask_token_id"] in ids.tolist() else c["mask_token_id"]
    positions, block = torch.arange(len(ids)), torch.zeros(len(ids), dtype=torch.long)
    positions[context:] = ids.tolist().index(mask)
    block[context:] = torch.arange(len(ids) - context) + 1
    return positions, block, context


def chatglm1_attention(x, w, c, p, where):
    n, (positions, block, context) = c["num_attention_heads"], where
    qkv = x @ w[p + "query_key_value.weight"].T + w[p + "query_key_value.bias"]
    q, k, v = qkv.view(len(x), n, -1).chunk(3, -1)
    def turned(y):
        first, second = y.chunk(2, -1)
        return torch.cat([rotate_at(first, positions), rotate_at(second, block)], -1)
    scores = torch.einsum("qhd,khd->hqk", turned(q), turned(k)) / math.sqrt(q.shape[-1])
    hidden = torch.ones(len(x), len(x)).triu(1).bool()
    hidden[:, :context] = False
    y = torch.einsum("hqk,khd->qhd", scores.masked_fill(hidden, float("-inf")).softmax(-1), v).flatten(1)
    return y @ w[p + "dense.weight"].T + w[p + "dense.bias"]


def chatglm1_logits(w, c, ids):
    eps, alpha, where = c["layernorm_epsilon"], math.sqrt(2 * c["num_layers"]), chatglm1_positions(ids, c)
    x = w["transformer.word_embeddings.weight"][ids]
    for i in range(c["num_layers"]):
        p = f"transformer.layers.{i}."
        y = layer_norm(x, w, p + "input_layernorm", eps)
        x = y * alpha + chatglm1_attention(y, w, c, p + "attention.", where)
        y = layer_norm(x, w, p + "post_attention_layernorm", eps)
        inner = F.gelu(y @ w[p + "mlp.dense_h_to_4h.weight"].T + w[p + "mlp.dense_h_to_4h.bias"], approximate="tanh")
        x = y * alpha + inner @ w[p + "mlp.dense_4h_to_h.weight"].T + w[p + "mlp.dense_4h_to_h.bias"]
    return layer_norm(x, w, "transformer.final_layernorm", eps) @ w["lm_head.weight"].T


def chatglm1_shapes(c):
    e, f = c["hidden_size"], c["inner_hidden_size"]
    shapes = {"transformer.word_embeddings.weight": (V, e), "lm_head.weight": (V, e),
              **norm_shapes("transformer.final_layernorm", e)}
    for i in range(c["num_layers"]):
        p = f"transformer.layers.{i}."
        shapes |= {**norm_shapes(p + "input_layernorm", e), **norm_shapes(p + "post_attention_layernorm", e)}
        for name, (out, inner) in {"attention.query_key_value": (3 * e, e), "attention.dense": (e, e),
                                   "mlp.dense_h_to_4h": (f, e), "mlp.dense_4h_to_h": (e, f)}.items():
            shapes |= {f"{p}{name}.weight": (out, inner), f"{p}{name}.bias": (out,)}
    return shapes


def chatglm1_ids(ids, c):
    """A mask token and the beginning of the answer, at another place in each row."""
    for row, at in zip(ids, (8, 3)):
        row[row >= V - 4] = 3
        row[at], row[at + 1] = c["gmask_token_id"], c["bos_token_id"]
    return ids
