#!/usr/bin/env python3
"""An unchanged LLaMA-Factory recipe runs: LoRA SFT of stories260K on its own demo data; the preview shows the mask."""
import json
import shutil

from program import SHARED, STORIES, llmbox, require_shared, temporary_folder

RECIPE = """### model
model_name_or_path: {model}
trust_remote_code: true

### method
stage: sft
do_train: true
finetuning_type: lora
lora_rank: 8
lora_target: all

### dataset
dataset: identity,alpaca_en_demo
dataset_dir: {data}
template: {template}
cutoff_len: 256
max_samples: 40
overwrite_cache: true
preprocessing_num_workers: 16
dataloader_num_workers: 4

### output
output_dir: {output}
logging_steps: 2
save_steps: 500
plot_loss: true
overwrite_output_dir: true
save_only_model: false
report_to: none

### train
per_device_train_batch_size: 1
gradient_accumulation_steps: 8
learning_rate: 1.0e-4
num_train_epochs: 2.0
lr_scheduler_type: cosine
warmup_ratio: 0.1
bf16: true
ddp_timeout: 180000000
resume_from_checkpoint: null

### eval
val_size: 0.1
per_device_eval_batch_size: 1
eval_strategy: steps
eval_steps: 6
"""


def main():
    require_shared()
    folder = temporary_folder()
    try:
        recipe = folder / "llama3_lora_sft.yaml"
        recipe.write_text(RECIPE.format(model=STORIES, data=SHARED / "data/llama_factory", output=folder / "out", template="default"))
        done = llmbox("train", recipe)
        assert done.returncode == 0, done.stderr
        for part in ("ignored", "trust_remote_code", "replies cut", "without a trainable token", "memory", "⟦"):
            assert part in done.stderr, f"'{part}' is missing on the preflight screen:\n{done.stderr}"
        log = [json.loads(line) for line in (folder / "out/trainer_log.jsonl").read_text().splitlines()]
        losses = [line["loss"] for line in log if "loss" in line]
        assert log[-1]["total_steps"] == 18 and len(losses) == 9, log
        assert losses[-1] < losses[0], losses
        assert any("eval_loss" in line for line in log), log
        for name in ("adapter_model.safetensors", "adapter_config.json", "train_results.json", "all_results.json",
                     "trainer_state.json", "training_loss.svg", "checkpoint-18/optimizer.safetensors"):
            assert (folder / "out" / name).exists(), name

        preview = llmbox("data", "preview", recipe, "--samples", 2)
        assert preview.returncode == 0, preview.stderr
        assert preview.stdout.count("--- sample") == 2 and "⟦" in preview.stdout, preview.stdout

        for words, expected in [(["lora_rnk=8"], "lora_rank"), (["dataset=identty"], "identity"), (["template=lama3"], "llama3"),
                                (["quantization_bit=4"], "quantization_bit"), (["lr_scheduler_type=cosin"], "cosine"),
                                (["lora_target=q_prj"], "q_proj"), (["cutoff_len=2"], "cutoff_len")]:
            wrong = llmbox("train", recipe, f"output_dir={folder / 'wrong'}", *words)
            assert wrong.returncode == 2 and expected in wrong.stderr, f"{words}: {wrong.returncode} {wrong.stderr}"
            assert not (folder / "wrong").exists(), f"{words} left files"
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
