#!/usr/bin/env python3
"""Option log-likelihoods and logits of `llmbox eval` and `llmbox logits` against transformers, on the same model and rows.

usage: transformers_scores.py MODEL_DIR RESULTS_DIR [most rows a task]     (RESULTS_DIR: what `llmbox eval --output` wrote)
Needs torch and transformers. Prints the largest difference of each task; exits 1 above 1e-3.
"""
import json
import sys
from pathlib import Path

sys.path.pop(0)  # the file tokenizers.py beside this one is not the package

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

BOUND = 1e-3


def option_score(model, tokenizer, prompt, option, window):
    """Sum of log p(option tokens | prompt), both tokenized as one text, the context cut on the left to the window."""
    context = tokenizer(prompt)["input_ids"]
    ids = tokenizer(prompt + option)["input_ids"]
    n_scored = len(ids) - len(context)
    if n_scored > window:
        return None  # scored in several windows: another convention
    ids = ids[-(window + 1):]
    with torch.no_grad():
        log_probs = model(torch.tensor([ids[:-1]])).logits[0].float().log_softmax(-1)
    return sum(log_probs[t - 1, ids[t]].item() for t in range(len(ids) - n_scored, len(ids)))


def main():
    folder, results = Path(sys.argv[1]), Path(sys.argv[2])
    most = int(sys.argv[3]) if len(sys.argv) > 3 else 60
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    tokenizer = AutoTokenizer.from_pretrained(folder)
    window = model.config.max_position_embeddings
    worst = 0.0
    for path in sorted(results.glob("*.jsonl")):
        rows = [json.loads(line) for line in path.read_text().splitlines()]
        rows = [row for row in rows if "logprobs" in row and "options" in row][:most]
        pairs = [(option_score(model, tokenizer, row["prompt"], option, window), logprob)
                 for row in rows for option, logprob in zip(row["options"], row["logprobs"])]
        difference = max((abs(theirs - ours) for theirs, ours in pairs if theirs is not None), default=None)
        if difference is not None:
            print(f"{path.stem:20} {len(rows):5} rows, largest difference of a log-likelihood {difference:.1e}")
            worst = max(worst, difference)
    return 1 if worst > BOUND else 0


if __name__ == "__main__":
    sys.exit(main())
