"""The forms that scripts rely on: what may be written how, and what a lost answer or a wrong line leads to."""
import fcntl
import json
import os
import shutil
import subprocess
import unittest
from pathlib import Path

from program import REPO, STORIES, binary, copy_model, llmbox, require_shared, temporary_folder

PROMPT = '{"prompt":"Once upon","max_tokens":3}\n'


def lines(result):
    return [json.loads(line) for line in result.stdout.splitlines()]


class FormsTest(unittest.TestCase):
    def setUp(self):
        self.folder = temporary_folder()

    def tearDown(self):
        shutil.rmtree(self.folder)

    def refused(self, result, *parts):
        self.assertEqual(result.returncode, 2, result.stderr)
        last = result.stderr.strip().splitlines()[-1]
        for part in parts:
            self.assertIn(part, last)

    def logits(self, *args):
        return llmbox("logits", *args, "--ids", self.folder / "ids.json", "--out", self.folder / "a b.safetensors")

    def test_an_answer_that_cannot_be_written_is_no_success(self):
        with open("/dev/full", "w", encoding="utf-8") as full:
            for args, stdin in [(("generate", "-m", STORIES), PROMPT), (("tokenizer", "encode", STORIES), '{"text":"a"}'),
                                (("model", "info", STORIES), "")]:
                result = subprocess.run([binary(), *map(str, args)], input=stdin, text=True, stdout=full,
                                        stderr=subprocess.PIPE, cwd=REPO, check=False)
                self.refused(result, "[standard output] ", "No space left")

    def test_a_device_as_output_stays_a_device(self):
        link = self.folder / "full"
        link.symlink_to("/dev/full")
        self.refused(llmbox("generate", "-m", STORIES, "--output", link, stdin=PROMPT), "No space left")
        self.assertTrue(link.is_char_device())

    def test_logits_takes_the_flags_of_the_other_verbs(self):
        (self.folder / "ids.json").write_text("[[1], [1, 2, 3]]")
        for args in [(STORIES,), ("-m", STORIES), (f"--model={STORIES}/", "--dtype", "float32"),
                     ("--model_name_or_path", STORIES, "--dtype=bfloat16")]:
            self.assertEqual(self.logits(*args).returncode, 0, args)
        self.assertTrue((self.folder / "a b.safetensors").exists())

    def test_logits_of_models_with_an_encoder(self):
        families = STORIES.parents[2] / "architectures"
        for name, text in [("ids", [[5, 6, 7]]), ("targets", [[0, 9]]), ("types", [[0, 1, 1]]), ("two", [[1], [2]])]:
            (self.folder / f"{name}.json").write_text(json.dumps(text))
        flag = {name: self.folder / f"{name}.json" for name in ["targets", "types", "two"]}
        for args, fault in [((families / "t5", "--decoder_ids", flag["targets"]), None),
                            ((families / "bert", "--token_types", flag["types"]), None),
                            ((families / "t5",), "--decoder_ids"),
                            ((families / "t5", "--decoder_ids", flag["two"]), "expected 1 lists"),
                            ((STORIES, "--decoder_ids", flag["targets"]), "no encoder"),
                            ((families / "bert", "--token_types", flag["targets"]), "expected 3 numbers"),
                            ((STORIES, "--token_types", flag["types"]), "no types")]:
            result = self.logits(*args)
            if fault:
                self.refused(result, fault)
            else:
                self.assertEqual(result.returncode, 0, result.stderr)

    def test_ids_beyond_32_bits_are_refused(self):
        (self.folder / "ids.json").write_text("[[4294967297]]")
        self.refused(self.logits(STORIES), "ids.json", "4294967297")

    def test_empty_lines_are_passed_over_and_no_tokens_are_an_answer(self):
        result = llmbox("generate", "-m", STORIES, stdin='\n{"prompt":"a","max_tokens":0}\n\n{"prompt":"","max_tokens":1}')
        first, second = lines(result)
        self.assertEqual(first, {"text": "", "ids": [], "finish_reason": "length"})
        self.assertEqual(len(second["ids"]), 1)

    def test_a_prompt_longer_than_the_context_is_cut_and_said_so(self):
        long = json.dumps({"prompt": "Once upon a time " * 300, "max_tokens": 2}) + "\n"
        result = llmbox("generate", "-m", STORIES, stdin=PROMPT + long)
        self.assertEqual(len(lines(result)), 2)
        self.assertIn("1 of 2 prompts did not fit", result.stderr)

    def test_a_wrong_conversation_is_named_by_its_number(self):
        good = '{"messages":[{"role":"user","content":"a"}],"max_tokens":1}\n'
        wrong = '{"messages":[{"role":"usr","content":"a"}],"max_tokens":1}\n'
        result = llmbox("generate", "-m", STORIES, "--template", "alpaca", stdin=good + wrong)
        self.refused(result, "[prompt 2 of 2]", "usr")

    def test_parts_without_text_are_refused(self):
        part = '{"messages":[{"role":"user","content":[{"type":"image_url","image_url":"x"}]}],"max_tokens":1}\n'
        self.refused(llmbox("generate", "-m", STORIES, "--template", "alpaca", stdin=part), "image_url")

    def test_template_variables_of_wrong_types_are_errors_of_their_line(self):
        wrong = '{"messages":[],"add_generation_prompt":"x"}\n{"messages":[]}'
        result = llmbox("template", "render", "chatml", stdin=wrong)
        self.assertEqual([sorted(line) for line in lines(result)], [["error"], ["text"]])

    def test_weights_that_are_no_numbers_give_no_answer(self):
        model = copy_model(self.folder)
        weights = model / "model.safetensors"
        data = bytearray(weights.read_bytes())
        n_header = int.from_bytes(data[:8], "little")
        begin, end = json.loads(data[8:8 + n_header])["model.norm.weight"]["data_offsets"]
        data[8 + n_header + begin:8 + n_header + end] = b"\xff" * (end - begin)
        weights.write_bytes(data)
        self.refused(llmbox("generate", "-m", model, stdin=PROMPT), "got NaN")
        self.refused(llmbox("eval", "-m", model, "-d", "piqa", "--data_dir", REPO.parent / "shared/data", "-i", 2,
                            "--output", self.folder / "out"), "got NaN")
        self.assertFalse((self.folder / "out/results.json").exists())

    def test_stop_ids_of_wrong_types_are_refused(self):
        model = copy_model(self.folder)
        for text in ['{"eos_token_id":"x"}', "[]", '{"eos_token_id":[-7]}']:
            (model / "generation_config.json").write_text(text)
            self.refused(llmbox("generate", "-m", model, stdin=PROMPT), "generation_config.json")

    def test_generate_takes_an_inference_file(self):
        recipe = self.folder / "infer.yaml"
        recipe.write_text(f"model_name_or_path: {STORIES}\ntemplate: alpaca\ninfer_backend: huggingface\n")
        with_file = llmbox("generate", recipe, "--max_tokens", 2, stdin='{"prompt":"Once upon"}')
        with_flags = llmbox("generate", "-m", STORIES, "--max_tokens", 2, stdin='{"prompt":"Once upon"}')
        self.assertEqual(with_file.stdout, with_flags.stdout, with_file.stderr)
        self.assertEqual(len(lines(with_file)), 1)

    def test_every_file_of_a_model_answers_alike(self):
        weights = STORIES.parent
        shutil.copyfile(weights / "stories260K.bin", self.folder / "model.bin")
        shutil.copyfile(weights / "tok512.bin", self.folder / "tok512.bin")
        answers = [llmbox("generate", "-m", model, stdin=PROMPT, cwd=self.folder).stdout
                   for model in [STORIES, weights / "stories260K.f32.gguf", "model.bin", "./model.bin"]]
        self.assertEqual(len(json.loads(answers[0])["ids"]), 3)
        self.assertEqual(set(answers), {answers[0]})

    def test_flags_of_llmbox_without_meaning_are_accepted(self):
        result = llmbox("eval", "-m", STORIES, "-d", "piqa", "--data_dir", REPO.parent / "shared/data", "-i", 2, "-bsz",
                        "16:auto", "--vllm_mem", 0.9, "--device_map", "auto", "--hf_token", "x", "--dataloader_workers", 0,
                        "--output", self.folder / "out")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn("--vllm_gpu_memory_utilization,--vllm_mem has no meaning here", result.stderr)

    def test_help_of_a_verb(self):
        self.assertEqual(llmbox("help", "train").stdout, llmbox("train", "--help").stdout)

    def test_another_model_in_the_same_file_is_not_answered_from_the_journal(self):
        model = self.folder / "model.gguf"
        args = ("eval", "-m", model, "-d", "piqa", "--data_dir", REPO.parent / "shared/data", "-i", 2, "--output",
                self.folder / "out")
        shutil.copyfile(STORIES.parent / "stories260K.f32.gguf", model)
        self.assertEqual(llmbox(*args).returncode, 0)
        shutil.copyfile(STORIES.parents[1] / "aidreams260K/aidreams260K.f32.gguf", model)
        self.refused(llmbox(*args), "journal.jsonl", "overwrite")

    def test_paths_that_cannot_be_made_are_refused(self):
        data = REPO.parent / "shared/data"
        (self.folder / "file").write_text("")
        args = ("-m", STORIES, "-d", "piqa", "--data_dir", data, "-i", 2)
        self.refused(llmbox("eval", *args, "--output", self.folder / "file"), "file")
        self.refused(llmbox("eval", *args, "--temperature", -1), "--temperature")
        self.refused(llmbox("eval", *args, "--seed", -1), "--seed")
        self.refused(llmbox("eval", *args, "--evaluation_set", "tset"), "'tset'", "'validation'")


class TrainFormsTest(unittest.TestCase):
    def setUp(self):
        self.folder = temporary_folder()
        (self.folder / "rows.json").write_text(json.dumps([{"instruction": "Say hello.", "output": "Hello."}] * 8))
        (self.folder / "dataset_info.json").write_text('{"rows": {"file_name": "rows.json"}}')

    def tearDown(self):
        shutil.rmtree(self.folder)

    def train(self, **changes):
        values = dict(model_name_or_path=str(STORIES), do_train=True, lora_rank=2, dataset="rows", template="alpaca",
                      dataset_dir=str(self.folder), output_dir=str(self.folder / "out"), save_steps=2, max_steps=4,
                      per_device_train_batch_size=1, overwrite_output_dir=True, logging_steps=1)
        values.update(changes)
        recipe = self.folder / "recipe.yaml"
        recipe.write_text("".join(f"{key}: {json.dumps(value)}\n" for key, value in values.items()))
        return llmbox("train", recipe)

    def steps(self):
        log = Path(self.folder / "out/trainer_log.jsonl").read_text().splitlines()
        return [json.loads(line)["current_steps"] for line in log if "loss" in json.loads(line)]

    def test_resume_from_checkpoint_wins_over_overwrite_output_dir(self):
        self.assertEqual(self.train().returncode, 0)
        for wish in [str(self.folder / "out/checkpoint-2"), True]:
            result = self.train(resume_from_checkpoint=wish)
            self.assertEqual(result.returncode, 0, result.stderr)
            self.assertTrue((self.folder / "out/checkpoint-2").is_dir())
            self.assertEqual(self.steps(), [1, 2, 3, 4])

    def test_data_of_eval_tasks_is_missed_before_training(self):
        result = self.train(eval_tasks="piqa", eval_task_dir=str(self.folder), eval_strategy="steps")
        self.assertEqual(result.returncode, 2)
        self.assertIn("[task piqa]", result.stderr)
        self.assertFalse((self.folder / "out").exists())

    def test_a_run_folder_belongs_to_one_run(self):
        out = self.folder / "out"
        out.mkdir()
        handle = os.open(out, os.O_RDONLY)
        fcntl.flock(handle, fcntl.LOCK_EX)
        try:
            result = self.train()
            self.assertEqual(result.returncode, 2)
            self.assertIn("another process", result.stderr)
            self.assertEqual(list(out.iterdir()), [])
        finally:
            os.close(handle)
        self.assertEqual(self.train().returncode, 0)

    def test_a_loss_that_is_no_number_stops_with_its_step(self):
        result = self.train(learning_rate=1e30, lr_scheduler_type="constant")
        self.assertEqual(result.returncode, 2)
        self.assertRegex(result.stderr.splitlines()[-1], r"^llmbox: \[train\] expected a finite loss.* in step [0-9]+")

    def test_cells_that_are_no_text_are_named(self):
        for row, got in [({"instruction": {"a": 1}, "output": "b"}, '{"a":1}'),
                         ({"instruction": ["a"], "output": "b"}, '["a"]')]:
            (self.folder / "rows.json").write_text(json.dumps([row]))
            result = self.train()
            self.assertEqual(result.returncode, 2, row)
            self.assertIn("[dataset rows, row 1]", result.stderr)
            self.assertIn(got, result.stderr)

    def test_only_models_that_predict_the_next_token_are_trained(self):
        for name in ["bert", "llama_reward"]:
            model = self.folder / name
            shutil.copytree(STORIES.parents[2] / "architectures" / name, model)
            model.chmod(0o755)
            shutil.copyfile(STORIES / "tokenizer.json", model / "tokenizer.json")
            result = self.train(model_name_or_path=str(model))
            self.assertEqual(result.returncode, 2, result.stderr)
            self.assertIn("try a causal LM", result.stderr)

    def test_numbers_that_mean_nothing_are_refused(self):
        result = self.train(max_samples=0, warmup_steps=-1, weight_decay=-1, adam_beta1=1.0)
        self.assertEqual(result.returncode, 2)
        for key in ["max_samples", "warmup_steps", "weight_decay", "adam_beta1"]:
            self.assertIn(key, result.stderr)


if __name__ == "__main__":
    require_shared()
    unittest.main()
