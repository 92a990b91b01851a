#!/usr/bin/env python3
"""Vocabularies: trained, merged into a model, and grown for a template's marks; what is saved opens and talks as before."""
import json
import shutil

from program import SHARED, copy_model, llmbox, require_shared, temporary_folder

CHINESE = SHARED / "data/llmbox/data/chinese.txt"


def encode(model, text):
    done = llmbox("tokenizer", "encode", model, stdin=json.dumps({"text": text}) + "\n")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)["ids"]


def continuation(model, prompt):
    request = {"prompt": prompt, "max_tokens": 12, "temperature": 0}
    done = llmbox("generate", "-m", model, stdin=json.dumps(request) + "\n")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)["text"]


def check_merge(folder, model):
    merged = folder / "merged"
    done = llmbox("tokenizer", "merge", model, "--input", CHINESE, "--vocab_size", 4000, "--output", merged)
    assert done.returncode == 0, done.stderr
    config = json.loads((merged / "config.json").read_text())
    assert config["vocab_size"] > 3500, config["vocab_size"]
    vocab = json.loads((merged / "tokenizer.json").read_text())["model"]["vocab"]
    new = [piece for piece, index in vocab.items() if index >= 512]
    words = "Once upon a time there was little girl named Lily who loved to play with big dog".split()
    kept = [word for word in words if not any(piece in "▁" + word for piece in new)]
    assert len(kept) > 5, kept
    text = " ".join(kept)
    assert encode(merged, text) == encode(model, text), text
    assert len(encode(merged, "你好，世界")) < len(encode(model, "你好，世界"))
    assert continuation(merged, "Once upon a time") == continuation(model, "Once upon a time")


def check_unigram(folder):
    trained = folder / "unigram"
    done = llmbox("tokenizer", "train", "--type", "unigram", "--input", CHINESE, "--vocab_size", 4000, "--output", trained)
    assert done.returncode == 0, done.stderr
    ids = encode(trained, "你好，世界 abc")
    (trained / "tokenizer.json").unlink()
    assert encode(trained, "你好，世界 abc") == ids, "tokenizer.json and tokenizer.model differ"


def check_resize(folder, model):
    """A template whose marks the tokenizer lacks: text with a warning, or tokens with rows of their own."""
    recipe = {"model_name_or_path": str(model), "stage": "sft", "do_train": True, "finetuning_type": "full",
              "dataset": "identity", "dataset_dir": str(SHARED / "data/llama_factory"), "template": "llama3",
              "cutoff_len": 256, "max_samples": 12, "max_steps": 2, "overwrite_output_dir": True, "report_to": "none"}
    path = folder / "recipe.json"
    path.write_text(json.dumps({**recipe, "output_dir": str(folder / "plain")}))
    done = llmbox("train", path)
    assert done.returncode == 0, done.stderr
    assert "read as text" in done.stderr and "resize_vocab: true" in done.stderr, done.stderr
    out = folder / "resized"
    path.write_text(json.dumps({**recipe, "output_dir": str(out), "resize_vocab": True}))
    done = llmbox("train", path)
    assert done.returncode == 0, done.stderr
    assert json.loads((out / "config.json").read_text())["vocab_size"] == 576
    marks = json.loads((out / "tokenizer_config.json").read_text())
    assert marks["eos_token"] == "<|eot_id|>", marks
    assert sorted(t["content"] for t in marks["added_tokens_decoder"].values()) == ["<|eom_id|>", "<|eot_id|>"], marks
    done = llmbox("tokenizer", "encode", out, "--parse-special", stdin='{"text": "a<|eot_id|>"}\n')
    assert json.loads(done.stdout)["ids"][-1] == 512, done.stdout
    done = llmbox("generate", "-m", out, stdin='{"messages": [{"role": "user", "content": "Hi"}], "max_tokens": 4}\n')
    assert done.returncode == 0, done.stderr


def main():
    require_shared()
    folder = temporary_folder()
    try:
        model = copy_model(folder)
        check_merge(folder, model)
        check_unigram(folder)
        check_resize(folder, model)
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
