#!/usr/bin/env python3
"""kill -9 at random moments of a training run, then the same command: weights and log equal an uninterrupted run's."""
import json
import random
import shutil
import subprocess
import time

from program import REPO, STORIES, binary, llmbox, require_shared, temporary_folder

STEPS = 60


def command(output):
    return ["train", f"model_name_or_path={STORIES}", "stage=pt", "do_train=true", "finetuning_type=full", "dataset=world_text",
            f"dataset_dir={REPO / 'examples/world'}", "cutoff_len=128", f"output_dir={output}", f"max_steps={STEPS}",
            "per_device_train_batch_size=4", "save_steps=7", "save_total_limit=2", "logging_steps=3", "learning_rate=1e-3"]


def timeless(path):
    """The log without what tells the time; every line whole, no step twice."""
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    steps = [line["current_steps"] for line in lines]
    assert steps == sorted(set(steps)), f"steps are logged twice: {steps}"
    return [{key: value for key, value in line.items() if key not in ("elapsed_time", "remaining_time", "tokens_per_second")}
            for line in lines]


def run_with_kills(output, rng, most_kills):
    """Starts the run again and again; kills it after a random time. Returns the number of kills."""
    kills = 0
    while True:
        process = subprocess.Popen([binary(), *map(str, command(output))], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        deadline = time.time() + rng.uniform(0.3, 3.0)
        while kills < most_kills and time.time() < deadline and process.poll() is None:
            time.sleep(0.01)
        if kills < most_kills and process.poll() is None:
            process.kill()
            process.communicate()
            kills += 1
            continue
        errors = process.communicate()[1]
        assert process.returncode == 0, errors
        return kills


def main():
    require_shared()
    seed = random.randrange(10 ** 6)
    print(f"seed {seed}")
    folder = temporary_folder()
    try:
        whole = llmbox(*command(folder / "whole"))
        assert whole.returncode == 0, whole.stderr
        kills = run_with_kills(folder / "killed", random.Random(seed), most_kills=6)
        print(f"{kills} kills")
        for name in ("model.safetensors", "config.json"):
            assert (folder / "whole" / name).read_bytes() == (folder / "killed" / name).read_bytes(), f"{name} differs"
        assert timeless(folder / "whole/trainer_log.jsonl") == timeless(folder / "killed/trainer_log.jsonl"), "logs differ"
        left = [path.name for path in (folder / "killed").iterdir() if "unfinished" in path.name or ".tmp" in path.name]
        assert not left, left
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
