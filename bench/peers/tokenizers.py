"""Tokenizers beside their peers on one thread, in one run: llmbox against tokenizers, tiktoken and sentencepiece.

usage: python bench/peers/tokenizers.py [BUILD]      (pip install tokenizers tiktoken sentencepiece)

Prints megabytes a second of each on the texts of `llmbox_bench tokenizers` with the ratio, and compares ids on whole
wikitext2, tinyshakespeare, Chinese, code and random Unicode. Exit code 1 where any id differs.
"""
import base64
import json
import os
import random
import subprocess
import sys
import time
from pathlib import Path

os.environ["RAYON_NUM_THREADS"] = "1"
os.environ["TOKENIZERS_PARALLELISM"] = "false"

ROOT = Path(__file__).resolve().parents[2]
sys.path.remove(str(Path(__file__).resolve().parent))  # this file bears the name of a library
BUILD = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "build"
SHARED = ROOT.parent / "shared"
TOKENIZERS = SHARED / "fixtures/tokenizers"
CL100K = (r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+| ?[^\s\p{L}\p{N}]++[\r\n]*+|\s++$|\s*[\r\n]"
          r"|\s+(?!\S)|\s")


def tokenizers_peer(folder):
    from tokenizers import Tokenizer
    tokenizer = Tokenizer.from_file(str(TOKENIZERS / folder / "tokenizer.json"))
    tokenizer.encode_special_tokens = True  # spellings of special tokens are text
    return lambda text: tokenizer.encode(text, add_special_tokens=False).ids


def tiktoken_peer(path, pattern):
    import tiktoken
    lines = (TOKENIZERS / path).read_bytes().splitlines()
    ranks = {base64.b64decode(token): int(rank) for token, rank in (line.split() for line in lines if line)}
    encoding = tiktoken.Encoding(name=path, pat_str=pattern, mergeable_ranks=ranks, special_tokens={})
    return encoding.encode_ordinary


def sentencepiece_peer(path):
    import sentencepiece
    processor = sentencepiece.SentencePieceProcessor(model_file=str(TOKENIZERS / path))
    return processor.encode


def bert_peer(folder):
    from tokenizers import BertWordPieceTokenizer
    tokenizer = BertWordPieceTokenizer(str(TOKENIZERS / folder / "vocab.txt"), lowercase=True)
    tokenizer._tokenizer.encode_special_tokens = True
    return lambda text: tokenizer.encode(text, add_special_tokens=False).ids


# Name of llmbox_bench, path that llmbox opens, the peer's name, and its encode function.
ROWS = [
    ("gpt2", "gpt2", "tokenizers", lambda: tokenizers_peer("gpt2")),
    ("llama3", "llama3", "tokenizers", lambda: tokenizers_peer("llama3")),
    ("qwen2", "qwen2", "tokenizers", lambda: tokenizers_peer("qwen2")),
    ("cl100k_base", "cl100k_base", "tiktoken", lambda: tiktoken_peer("cl100k_base/cl100k_base.tiktoken", CL100K)),
    ("llama2", "llama2", "tokenizers", lambda: tokenizers_peer("llama2")),
    ("llama2_model", "llama2/tokenizer.model", "sentencepiece",
     lambda: sentencepiece_peer("llama2/tokenizer.model")),
    ("internlm", "internlm", "sentencepiece", lambda: sentencepiece_peer("internlm/tokenizer.model")),
    ("t5_small", "t5_small", "tokenizers", lambda: tokenizers_peer("t5_small")),
    ("bert_base_uncased", "bert_base_uncased", "tokenizers", lambda: bert_peer("bert_base_uncased")),
    ("sp_unigram_en", "sp_unigram_en", "sentencepiece", lambda: sentencepiece_peer("sp_unigram_en/test_model.model")),
    ("falcon", "falcon", "tokenizers", lambda: tokenizers_peer("falcon")),
    ("gpt_neox_20b", "gpt_neox_20b", "tokenizers", lambda: tokenizers_peer("gpt_neox_20b")),
    ("phi3", "phi3", "tokenizers", lambda: tokenizers_peer("phi3")),
    ("chatglm", "chatglm", "tokenizers", lambda: tokenizers_peer("chatglm")),
    ("chatglm_6b", "chatglm_6b/ice_text.model", "sentencepiece", lambda: sentencepiece_peer("chatglm_6b/ice_text.model")),
    ("mistral_v2", "mistral_v2/tokenizer.model.v2", "sentencepiece",
     lambda: sentencepiece_peer("mistral_v2/tokenizer.model.v2")),
    ("tok512", "tok512/tokenizer.model", "sentencepiece", lambda: sentencepiece_peer("tok512/tokenizer.model")),
]


def random_unicode(seed, count):
    """Lines of characters from every part of Unicode 15 that both sides know, with much punctuation and space."""
    import unicodedata
    rng = random.Random(seed)
    known = [chr(c) for c in range(0x20, 0x2FA1E)
             if not 0xD800 <= c < 0xE000 and unicodedata.category(chr(c)) not in ("Cn", "Co", "Cs")]
    common = list("etaoin shrdlu ETAOIN ''.,!?-_\t\r 0123456789") + ["'s", "'LL", "中", "文", "。", "é", "e\u0301", "🙂"]
    rows = []
    for _ in range(count):
        pick = rng.random()
        rows.append("".join(rng.choice(known) if rng.random() < pick else rng.choice(common)
                            for _ in range(rng.randrange(1, 80))))
    return rows


def code():
    return "".join(path.read_text() for path in sorted((ROOT / "src").rglob("*.cpp")))


def corpora():
    data = SHARED / "data"
    return {"english": (data / "wikitext2/test.txt").read_text(), "chinese": (data / "llmbox/data/chinese.txt").read_text(),
            "code": code()}


def llmbox_ids(path, texts):
    rows = "".join(json.dumps({"text": text}) + "\n" for text in texts)
    done = subprocess.run([BUILD / "llmbox", "tokenizer", "encode", TOKENIZERS / path], input=rows, text=True,
                          stdout=subprocess.PIPE, check=True)
    return [json.loads(line)["ids"] for line in done.stdout.splitlines()]


def llmbox_rates():
    lines = subprocess.run([BUILD / "llmbox_bench", "tokenizers"], text=True, stdout=subprocess.PIPE, check=True).stdout
    rates = {}
    for line in lines.splitlines():
        words = line.split()
        if len(words) > 4 and words[4] == "MB/s":
            rates[words[1], words[2]] = float(words[3])
    return rates, lines


def best_seconds(work, runs=2):
    """Of processor time: the machine may be shared."""
    best = float("inf")
    for _ in range(runs):
        start = time.process_time()
        work()
        best = min(best, time.process_time() - start)
    return best


def compare_ids(name, path, encode, texts):
    differing = 0
    for ours, text in zip(llmbox_ids(path, texts), texts):
        if list(encode(text)) != ours:
            differing += 1
            if differing <= 3:
                print(f"  differs: {name}: {text[:60]!r}")
    return differing


def main():
    rates, lines = llmbox_rates()
    print(lines)
    texts = corpora()
    data = SHARED / "data"
    whole = [*texts.values(), (data / "wikitext2/valid.txt").read_text(), (data / "tinyshakespeare/input.txt").read_text()]
    failures = 0
    for name, path, peer, make in ROWS:
        encode = make()
        for corpus, text in texts.items():
            if (name, corpus) not in rates:
                continue
            rate = len(text.encode()) / best_seconds(lambda: encode(text)) / 1e6
            ours = rates[name, corpus]
            print(f"{name:<18} {corpus:<8} llmbox {ours:7.1f} MB/s  {peer:<13} {rate:7.2f} MB/s  ratio {ours / rate:5.1f}")
        rows = [*whole, *random_unicode(7, 3000)]
        differing = compare_ids(name, path, encode, rows)
        print(f"{name:<18} ids: {len(rows) - differing} of {len(rows)} texts equal {peer}'s")
        failures += differing > 0
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
