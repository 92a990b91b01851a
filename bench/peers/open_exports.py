"""What llmbox exports, opened by the tools it is for: the folder by transformers, the GGUF file by the gguf package and
by transformers' own GGUF reader. Prints the largest difference of the logits to llmbox's own.

    open_exports.py --llmbox build/llmbox --model MODEL [--adapter DIR] [--types f32,q8_0]

Needs torch, transformers, gguf, safetensors.
"""
import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.pop(0)  # the file tokenizers.py beside this one is not the package

import torch
from gguf import GGUFReader
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM

IDS = [list(range(5, 45))]


def own_logits(llmbox, model, folder):
    (folder / "ids.json").write_text(json.dumps(IDS))
    subprocess.run([llmbox, "logits", model, "--ids", folder / "ids.json", "--out", folder / "logits.safetensors"], check=True)
    return load_file(folder / "logits.safetensors")["logits.0"]


def their_logits(*args, **kwargs):
    model = AutoModelForCausalLM.from_pretrained(*args, dtype=torch.float32, attn_implementation="eager", **kwargs).eval()
    with torch.no_grad():
        return model(input_ids=torch.tensor(IDS)).logits[0]


def export(llmbox, args, out, *words):
    adapter = [f"adapter_name_or_path={args.adapter}"] if args.adapter else []
    subprocess.run([llmbox, "export", f"model_name_or_path={args.model}", f"export_dir={out}", *adapter, *words], check=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--llmbox", default="build/llmbox")
    parser.add_argument("--model", required=True)
    parser.add_argument("--adapter")
    parser.add_argument("--types", default="f32,bf16,q8_0,q4_k_m")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        export(args.llmbox, args, folder / "hf", "infer_dtype=float32")
        ours = own_logits(args.llmbox, folder / "hf", folder)
        print(f"folder in transformers: {float((their_logits(folder / 'hf') - ours).abs().max()):.3g}")
        for kind in args.types.split(","):
            path = folder / f"{kind}.gguf"
            export(args.llmbox, args, path, "export_to=gguf", f"export_type={kind}")
            reader = GGUFReader(path)
            ours = own_logits(args.llmbox, path, folder)
            theirs = their_logits(folder, gguf_file=path.name)
            print(f"{kind}: {len(reader.tensors)} tensors, {len(reader.fields)} keys in gguf; in transformers: {float((theirs - ours).abs().max()):.3g}")


if __name__ == "__main__":
    main()
