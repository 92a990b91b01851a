#!/usr/bin/env python3
"""A tokenizer gives the same ids from its folder, from the GGUF file made of it, and from the folder made of that."""
import json
import shutil
import struct

from program import SHARED, llmbox, require_shared, temporary_folder

NAMES = ["falcon", "gpt2", "gpt_neox_20b", "llama2", "llama3", "phi3", "qwen2", "t5_small"]
LINEAR = ["self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj", "self_attn.o_proj", "mlp.gate_proj", "mlp.up_proj", "mlp.down_proj"]


def vocab_size(tokenizer):
    vocab = tokenizer["model"]["vocab"]
    ids = list(vocab.values()) if isinstance(vocab, dict) else [len(vocab) - 1]
    return 1 + max(ids + [token["id"] for token in tokenizer["added_tokens"]])


def write_model(folder, size):
    """The smallest model with so many tokens."""
    config = dict(model_type="llama", architectures=["LlamaForCausalLM"], hidden_size=2, intermediate_size=2, num_hidden_layers=1, num_attention_heads=1,
                  vocab_size=size, max_position_embeddings=64, tie_word_embeddings=True)
    (folder / "config.json").write_text(json.dumps(config))
    shapes = {"model.embed_tokens.weight": [size, 2], "model.norm.weight": [2]}
    shapes |= {f"model.layers.0.{name}.weight": [2] for name in ("input_layernorm", "post_attention_layernorm")}
    shapes |= {f"model.layers.0.{name}.weight": [2, 2] for name in LINEAR}
    header, end = {}, 0
    for name, shape in shapes.items():
        begin, end = end, end + 2 * shape[0] * (shape[1] if len(shape) > 1 else 1)
        header[name] = {"dtype": "F16", "shape": shape, "data_offsets": [begin, end]}
    text = json.dumps(header).encode()
    (folder / "model.safetensors").write_bytes(struct.pack("<Q", len(text)) + text + bytes(end))


def encode(model, texts):
    done = llmbox("tokenizer", "encode", model, "--special", "--parse-special", stdin="".join(json.dumps({"text": text}) + "\n" for text in texts))
    assert done.returncode == 0, done.stderr
    return [json.loads(line)["ids"] for line in done.stdout.splitlines()]


def export(model, target, kind):
    done = llmbox("export", f"model_name_or_path={model}", f"export_dir={target}", f"export_to={kind}")
    assert done.returncode == 0, done.stderr


def check(name, folder):
    source = SHARED / "fixtures/tokenizers" / name
    model = folder / name
    model.mkdir()
    for file in ("tokenizer.json", "tokenizer_config.json"):
        if (source / file).exists():
            shutil.copyfile(source / file, model / file)
    write_model(model, vocab_size(json.loads((model / "tokenizer.json").read_text())))
    texts = [json.loads(line)["text"] for line in (source / "vectors.jsonl").read_text().splitlines()]
    expected = encode(model, texts)
    export(model, folder / f"{name}.gguf", "gguf")
    export(folder / f"{name}.gguf", folder / f"{name}-back", "hf")
    for other in (folder / f"{name}.gguf", folder / f"{name}-back"):
        for text, ours, ids in zip(texts, encode(other, texts), expected, strict=True):
            assert ours == ids, f"{other.name}: {text!r} gives {ours}, expected {ids}"


def main():
    require_shared()
    folder = temporary_folder()
    try:
        for name in NAMES:
            check(name, folder)
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
