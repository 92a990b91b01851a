"""Opens what llmbox exports as GGUF in llama.cpp itself and compares the logits and the greedy tokens of the two.

    open_gguf.py --llmbox build/llmbox [--model DIR …] [--families llama,qwen3_moe,…] [--types f32,q8_0,q4_k_m]

Without --model a small random model of each family is made with transformers. Needs llama-cpp-python, numpy, torch,
transformers, safetensors. A row fails (exit code 1) where the relative distance of the logits is beyond the type's limit
and beyond twice what the type itself changes: llama.cpp rounds activations to 8 bits before it multiplies by
quantized weights, llmbox does not, and a token that goes to another expert moves far in either.
"""
import argparse
import ctypes
import json
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.pop(0)  # the file tokenizers.py beside this one is not the package

import llama_cpp as cpp
import numpy as np
import torch
from safetensors.numpy import load_file
from transformers import AutoConfig, AutoModelForCausalLM, AutoModelForSeq2SeqLM
from transformers.utils import logging

N_IDS = 40
N_GREEDY = 8
LIMITS = {"f32": 2e-3, "bf16": 2e-2, "f16": 1e-2}  # others: 0.1; llama.cpp has GELU as a table of halves

SIZES = dict(hidden_size=256, intermediate_size=512, num_hidden_layers=3, num_attention_heads=4, num_key_value_heads=2,
             vocab_size=256, max_position_embeddings=128, initializer_range=0.06, head_dim=64)
GPT = dict(n_embd=256, n_layer=3, n_head=4, n_positions=128, vocab_size=256, initializer_range=0.06)
MOE = dict(num_experts=4, num_experts_per_tok=2, moe_intermediate_size=256)
MAMBA2 = dict(mamba_n_heads=8, mamba_d_head=64, mamba_n_groups=1, mamba_d_state=64)
FAMILIES = {
    "llama": SIZES,
    "mixtral": SIZES | dict(num_local_experts=4, num_experts_per_tok=2, sliding_window=None),
    "qwen2": SIZES, "qwen3": SIZES, "qwen2_moe": SIZES | MOE | dict(shared_expert_intermediate_size=256), "qwen3_moe": SIZES | MOE | dict(norm_topk_prob=True),
    "gemma": SIZES, "gemma2": SIZES | dict(query_pre_attn_scalar=64, sliding_window=16),
    "gemma3_text": SIZES | dict(query_pre_attn_scalar=64, sliding_window=16, num_hidden_layers=7),
    "phi": SIZES, "phi3": SIZES | dict(pad_token_id=0), "starcoder2": SIZES | dict(sliding_window=None), "stablelm": SIZES, "cohere": SIZES,
    "cohere2": SIZES | dict(sliding_window=16, num_hidden_layers=4), "olmo": SIZES, "olmo2": SIZES, "olmoe": SIZES | dict(num_experts=4, num_experts_per_tok=2, num_key_value_heads=4), "granite": SIZES,
    "granitemoe": SIZES | dict(num_local_experts=4, num_experts_per_tok=2),
    "glm4": SIZES | dict(pad_token_id=0), "smollm3": SIZES | dict(pad_token_id=0, num_hidden_layers=4), "nemotron": SIZES, "gpt2": GPT,
    "gpt_bigcode": GPT | dict(activation_function="gelu_pytorch_tanh"), "gpt_neox": SIZES,
    "bloom": dict(hidden_size=256, n_layer=3, n_head=4, vocab_size=256, initializer_range=0.06),
    "falcon": dict(hidden_size=256, num_hidden_layers=3, num_attention_heads=4, vocab_size=256, initializer_range=0.06),
    "mpt": dict(d_model=256, n_layers=3, n_heads=4, max_seq_len=128, vocab_size=256, initializer_range=0.06),
    "deepseek_v2": SIZES | dict(q_lora_rank=256, kv_lora_rank=256, qk_nope_head_dim=32, qk_rope_head_dim=32, v_head_dim=64, head_dim=32, n_routed_experts=4,
                                num_experts_per_tok=2, n_shared_experts=1, moe_intermediate_size=256, first_k_dense_replace=1, num_key_value_heads=4),
    "deepseek_v3": SIZES | dict(q_lora_rank=256, kv_lora_rank=256, qk_nope_head_dim=32, qk_rope_head_dim=32, v_head_dim=64, head_dim=32, n_routed_experts=8,
                                num_experts_per_tok=2, n_group=2, topk_group=1, n_shared_experts=1, moe_intermediate_size=256, first_k_dense_replace=1,
                                num_key_value_heads=4),
    "gpt_oss": SIZES | dict(num_local_experts=4, num_experts_per_tok=2, sliding_window=16, intermediate_size=256, num_hidden_layers=4),
    "ernie4_5": SIZES, "ernie4_5_moe": SIZES | dict(moe_num_experts=4, moe_k=2, moe_intermediate_size=256, moe_num_shared_experts=1, moe_layer_start_index=1),
    "exaone4": SIZES | dict(sliding_window=None, layer_types=["full_attention"] * 3), "olmo3": SIZES | dict(sliding_window=16, num_hidden_layers=4),
    "glm4_moe": SIZES | dict(n_routed_experts=4, num_experts_per_tok=2, n_shared_experts=1, moe_intermediate_size=256, first_k_dense_replace=1, n_group=1, topk_group=1),
    "hunyuan_v1_dense": SIZES, "hunyuan_v1_moe": SIZES | dict(num_experts=4, moe_topk=2, intermediate_size=256),
    "jamba": SIZES | dict(num_experts=4, num_experts_per_tok=2, num_hidden_layers=4, attn_layer_period=2, attn_layer_offset=1, expert_layer_period=2, expert_layer_offset=1),
    "lfm2": SIZES | dict(layer_types=["conv", "conv", "full_attention"], block_auto_adjust_ff_dim=False),
    "qwen3_next": SIZES | MOE | dict(num_hidden_layers=4, norm_topk_prob=True, shared_expert_intermediate_size=256, linear_num_key_heads=2, linear_num_value_heads=4,
                                     linear_key_head_dim=64, linear_value_head_dim=64),
    "falcon_h1": SIZES | MAMBA2 | dict(mamba_d_ssm=512, mamba_norm_before_gate=False, embedding_multiplier=2.5, lm_head_multiplier=0.5, key_multiplier=0.7, attention_in_multiplier=1.3,
                                       attention_out_multiplier=0.8, mlp_multipliers=[0.75, 1.5], ssm_in_multiplier=1.2, ssm_out_multiplier=0.6, ssm_multipliers=[0.9, 1.1, 0.8, 1.2, 0.7]),
    "bamba": SIZES | MAMBA2 | dict(attn_layer_indices=[1]),
    "llama4_text": SIZES | dict(num_local_experts=4, num_experts_per_tok=1, intermediate_size=256, intermediate_size_mlp=512, interleave_moe_layer_step=2, num_hidden_layers=4,
                                pad_token_id=0),
    "t5": dict(d_model=256, d_ff=512, d_kv=64, num_heads=4, num_layers=2, num_decoder_layers=2, vocab_size=256, feed_forward_proj="gated-gelu", tie_word_embeddings=True,
               decoder_start_token_id=0),
    "seed_oss": SIZES, "arcee": SIZES, "mamba": dict(hidden_size=256, num_hidden_layers=3, vocab_size=256),
}


def make_model(family, folder):
    torch.manual_seed(0)
    config = AutoConfig.for_model(family, **FAMILIES[family], bos_token_id=1, eos_token_id=2)
    kind = AutoModelForSeq2SeqLM if config.is_encoder_decoder else AutoModelForCausalLM
    model = kind.from_config(config).float()
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if weight.dim() == 1 and not name.endswith(("A_log", ".D")):
                weight.add_(torch.randn_like(weight) * 0.05)  # norms and biases that a wrong place would show
    model.save_pretrained(folder)
    return folder


def ids_for(model):
    vocabulary = json.loads((Path(model) / "config.json").read_text()).get("vocab_size", 251)
    return [(7 * i + 3) % min(251, vocabulary) for i in range(N_IDS)]


class LlamaCpp:
    """A GGUF file in llama.cpp, with keys and values in float32."""

    def __init__(self, path):
        options = cpp.llama_model_default_params()
        options.n_gpu_layers = 0
        self.model = cpp.llama_model_load_from_file(str(path).encode(), options)
        if not self.model:
            raise RuntimeError("llama.cpp does not open it")
        setting = cpp.llama_context_default_params()
        setting.n_ctx, setting.n_batch, setting.n_ubatch, setting.n_threads, setting.n_threads_batch = 128, 128, 128, 2, 2
        setting.type_k = setting.type_v = cpp.GGML_TYPE_F32
        setting.flash_attn_type = 0
        self.context = cpp.llama_init_from_model(self.model, setting)
        self.n_vocab = cpp.llama_vocab_n_tokens(cpp.llama_model_get_vocab(self.model))

    def logits(self, ids):
        """Of an encoder-decoder: the same ids are source and target."""
        cpp.llama_memory_clear(cpp.llama_get_memory(self.context), True)
        if cpp.llama_model_has_encoder(self.model):
            source = (ctypes.c_int32 * len(ids))(*ids)
            if cpp.llama_encode(self.context, cpp.llama_batch_get_one(source, len(ids))) != 0:
                raise RuntimeError("llama.cpp does not read the source")
        batch = cpp.llama_batch_init(len(ids), 0, 1)
        batch.n_tokens = len(ids)
        for i, token in enumerate(ids):
            batch.token[i], batch.pos[i], batch.n_seq_id[i], batch.logits[i] = token, i, 1, 1
            batch.seq_id[i][0] = 0
        if cpp.llama_decode(self.context, batch) != 0:
            raise RuntimeError("llama.cpp does not compute it")
        rows = [np.ctypeslib.as_array(cpp.llama_get_logits_ith(self.context, i), (self.n_vocab,)).copy() for i in range(len(ids))]
        cpp.llama_batch_free(batch)
        return np.stack(rows)

    def close(self):
        cpp.llama_free(self.context)
        cpp.llama_model_free(self.model)


def transformers_logits(llmbox, model, ids, folder):
    """llmbox's command reads no sources: an encoder-decoder goes through transformers, a GGUF file as the folder that llmbox makes of it."""
    if not model.is_dir():
        subprocess.run([llmbox, "export", f"model_name_or_path={model}", f"export_dir={folder / 'back'}", "export_to=hf"], check=True, stderr=subprocess.DEVNULL)
        model = folder / "back"
    with torch.no_grad():
        row = torch.tensor([ids])
        return AutoModelForSeq2SeqLM.from_pretrained(model).float()(input_ids=row, decoder_input_ids=row).logits[0].numpy()


def own_logits(llmbox, model, ids, folder):
    source = folder / "model" if (folder / "model").exists() else Path(model)
    if source.is_dir() and json.loads((source / "config.json").read_text()).get("is_encoder_decoder"):
        return transformers_logits(llmbox, Path(model), ids, folder)
    (folder / "ids.json").write_text(json.dumps([ids]))
    subprocess.run([llmbox, "logits", model, "--ids", folder / "ids.json", "--out", folder / "logits.safetensors"], check=True)
    return load_file(folder / "logits.safetensors")["logits.0"]


def distance_of(a, b):
    return float(np.linalg.norm(a - b) / np.linalg.norm(b))


def compare(llmbox, model, kind, folder):
    path, prompt = folder / f"{kind}.gguf", ids_for(model)
    subprocess.run([llmbox, "export", f"model_name_or_path={model}", f"export_dir={path}", "export_to=gguf", f"export_type={kind}"],
                   check=True, stderr=subprocess.DEVNULL)
    ours = own_logits(llmbox, path, prompt, folder)
    peer = LlamaCpp(path)
    theirs = peer.logits(prompt)
    distance, own = distance_of(theirs, ours), distance_of(ours, own_logits(llmbox, model, prompt, folder))
    ids, same = list(prompt), 0
    for _ in range(N_GREEDY):  # along llama.cpp's own tokens
        mine = int(own_logits(llmbox, path, ids, folder)[-1].argmax()) if kind == "f32" else None
        token = int(peer.logits(ids)[-1].argmax())
        same += mine == token
        ids.append(token)
    peer.close()
    return distance, own, float((theirs.argmax(1) == ours.argmax(1)).mean()), same if kind == "f32" else None


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--llmbox", default="build/llmbox")
    parser.add_argument("--model", action="append", default=[])
    parser.add_argument("--families", default=",".join(FAMILIES))
    parser.add_argument("--types", default="f32,q8_0,q4_k_m")
    args = parser.parse_args()
    log = cpp.llama_log_callback(lambda level, text, data: print(text.decode(), end="", file=sys.stderr) if level == 4 else None)
    cpp.llama_log_set(log, ctypes.c_void_p(0))
    logging.disable_progress_bar()
    failed = 0
    for name in args.model or args.families.split(","):
        with tempfile.TemporaryDirectory() as temp:
            folder = Path(temp)
            try:
                model = name if args.model else make_model(name, folder / "model")
                for kind in args.types.split(","):
                    distance, own, agree, greedy = compare(args.llmbox, model, kind, folder)
                    good = distance < max(LIMITS.get(kind, 0.1), 2 * own)
                    failed += not good
                    tokens = "" if greedy is None else f", greedy {greedy}/{N_GREEDY}"
                    print(f"{'ok  ' if good else 'FAIL'} {name} {kind}: distance {distance:.2g} (of the type {own:.2g}), same best token {agree:.0%}{tokens}", flush=True)
            except (RuntimeError, ValueError, KeyError, subprocess.CalledProcessError) as error:
                failed += 1
                print(f"FAIL {name}: {error}", flush=True)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
