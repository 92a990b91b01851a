#!/usr/bin/env python3
"""A model goes from file to file with one tensor in memory: folder to GGUF, and back, bit for bit."""
import json
import os
import shutil
import subprocess

from program import binary, temporary_folder

MEGABYTE = 1 << 20
CONFIG = {"model_type": "llama", "hidden_size": 512, "intermediate_size": 2048, "num_hidden_layers": 12,
          "num_attention_heads": 8, "num_key_value_heads": 8, "vocab_size": 512, "tie_word_embeddings": True}


def peak_memory(*words):
    """Bytes that the program held at its worst."""
    process = subprocess.Popen([binary(), *map(str, words)], stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, words
    return usage.ru_maxrss * 1024


def main():
    folder = temporary_folder()
    try:
        (folder / "config.json").write_text(json.dumps(CONFIG))
        peak_memory("model", "init", "--config", folder / "config.json", "--output", folder / "model", "--dtype", "bf16")
        weights = folder / "model/model.safetensors"
        assert weights.stat().st_size > 90 * MEGABYTE
        start = peak_memory("model", "info", folder / "model")
        there = peak_memory("export", "--model", folder / "model", "--export_dir", folder / "model.gguf",
                            "--to", "gguf", "--type", "bf16")
        back = peak_memory("export", "--model", folder / "model.gguf", "--export_dir", folder / "back")
        for name, peak in [("to GGUF", there), ("back", back)]:
            assert peak - start < 40 * MEGABYTE, f"{name}: {(peak - start) / MEGABYTE:.0f} MB beside the program's own"
        assert (folder / "back/model.safetensors").read_bytes() == weights.read_bytes()
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
