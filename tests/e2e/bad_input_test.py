"""Each wrong input gives one clear line on stderr, exit code 2, and leaves nothing half-written."""
import json
import shutil
import unittest

from program import copy_model, edit_config, edit_safetensors, llmbox, require_shared, temporary_folder


class BadInputTest(unittest.TestCase):
    def setUp(self):
        self.folder = temporary_folder()
        self.out = self.folder / "out"

    def tearDown(self):
        shutil.rmtree(self.folder)

    def assert_refused(self, result, *parts):
        last = result.stderr.strip().splitlines()[-1] if result.stderr.strip() else ""
        self.assertEqual(result.returncode, 2, result.stderr)
        self.assertRegex(last, r"^llmbox: \[[^\]]+\] ")
        for part in parts:
            self.assertIn(part, last)

    def logits(self, model):
        ids = self.folder / "ids.json"
        ids.write_text("[[1, 2, 3]]")
        out = self.folder / "logits.safetensors"
        result = llmbox("logits", model, "--ids", ids, "--out", out)
        self.assertFalse(out.exists(), "a refused run left its output file")
        return result

    def train(self, dataset_rows, info=None, *overrides, raw=None, **recipe):
        model = copy_model(self.folder) if not (self.folder / "model").exists() else self.folder / "model"
        data = self.folder / "data"
        data.mkdir(exist_ok=True)
        text = raw if raw is not None else "".join(json.dumps(row) + "\n" for row in dataset_rows)
        (data / "rows.jsonl").write_text(text)
        (data / "dataset_info.json").write_text(json.dumps({"rows": {"file_name": "rows.jsonl", **(info or {})}}))
        values = dict(model_name_or_path=str(model), stage="sft", do_train=True, finetuning_type="lora", lora_rank=2,
                      dataset="rows", dataset_dir=str(data), template="alpaca", cutoff_len=128, max_steps=2,
                      output_dir=str(self.out), per_device_train_batch_size=1, learning_rate=1e-3)
        values.update(recipe)
        path = self.folder / "recipe.yaml"
        path.write_text("".join(f"{key}: {json.dumps(value)}\n" for key, value in values.items()))
        return llmbox("train", path, *overrides)

    GOOD = [{"instruction": "Say hello.", "input": "", "output": "Hello there."}] * 4

    # --- the program -------------------------------------------------------------------------------------------------
    def test_unknown_verb_names_the_nearest(self):
        self.assert_refused(llmbox("trian"), "trian", "train")

    # --- models ------------------------------------------------------------------------------------------------------
    def test_missing_model_folder(self):
        self.assert_refused(self.logits(self.folder / "absent"), "absent")

    def test_missing_weights(self):
        model = copy_model(self.folder)
        (model / "model.safetensors").unlink()
        self.assert_refused(self.logits(model), "safetensors")

    def test_truncated_weights(self):
        model = copy_model(self.folder)
        path = model / "model.safetensors"
        path.write_bytes(path.read_bytes()[:-1000])
        self.assert_refused(self.logits(model), "model.safetensors")

    def test_empty_weights(self):
        model = copy_model(self.folder)
        (model / "model.safetensors").write_bytes(b"")
        self.assert_refused(self.logits(model), "model.safetensors")

    def test_wrong_shape_names_the_tensor(self):
        model = copy_model(self.folder)
        name = "model.layers.0.self_attn.q_proj.weight"
        edit_safetensors(model / "model.safetensors", lambda header: header[name].update(shape=[32, 128]))
        self.assert_refused(self.logits(model), name)

    def test_wrong_dtype_names_the_tensor(self):
        model = copy_model(self.folder)
        name = "model.layers.0.self_attn.q_proj.weight"
        edit_safetensors(model / "model.safetensors", lambda header: header[name].update(dtype="I32"))
        self.assert_refused(self.logits(model), name)

    def test_config_without_a_needed_key(self):
        model = copy_model(self.folder)
        edit_config(model, num_attention_heads=None)
        self.assert_refused(self.logits(model), "num_attention_heads")

    def test_unknown_architecture_lists_ours(self):
        model = copy_model(self.folder)
        edit_config(model, model_type="lama", architectures=["LamaForCausalLM"])
        self.assert_refused(self.logits(model), "lama", "llama", "qwen2")

    def test_absurd_sizes(self):
        model = copy_model(self.folder)
        edit_config(model, hidden_size=10**12)
        self.assert_refused(self.logits(model))

    def test_tokenizer_and_model_that_disagree(self):
        model = copy_model(self.folder)
        def shrink(header):
            begin = header["model.embed_tokens.weight"]["data_offsets"][0]
            header["model.embed_tokens.weight"].update(shape=[256, 64], data_offsets=[begin, begin + 256 * 64 * 4])
        edit_config(model, vocab_size=256)
        edit_safetensors(model / "model.safetensors", shrink)
        result = llmbox("generate", "-m", model, stdin='{"prompt": "Once upon a time", "max_tokens": 4}\n')
        self.assert_refused(result, "512", "256")

    # --- data --------------------------------------------------------------------------------------------------------
    def test_missing_column_names_row_and_column(self):
        rows = [*self.GOOD, {"instruction": "No answer."}]
        self.assert_refused(self.train(rows), "output", "5")

    def test_invalid_json_line_names_file_and_line(self):
        raw = json.dumps(self.GOOD[0]) + "\n{\"instruction\": \n"
        self.assert_refused(self.train([], raw=raw), "rows.jsonl", "2")

    def test_empty_dataset(self):
        self.assert_refused(self.train([]), "rows")

    def test_unknown_dataset_names_the_nearest(self):
        self.assert_refused(self.train(self.GOOD, None, "dataset=rosw"), "rosw", "rows")

    def test_unknown_key_names_the_nearest(self):
        self.assert_refused(self.train(self.GOOD, None, "learning_rte=1"), "learning_rte", "learning_rate")

    def test_unknown_template_names_the_nearest(self):
        self.assert_refused(self.train(self.GOOD, None, "template=alpca"), "alpca", "alpaca")

    def test_no_trainable_token_anywhere(self):
        template = self.folder / "bare.jinja"
        template.write_text("{% for message in messages %}{{ message.content }}{% endfor %}")
        no_reply = [{"instruction": "word " * 400, "input": "", "output": ""}]
        self.assert_refused(self.train(no_reply, None, f"template={template}"), "trainable")
        self.assertFalse((self.out / "adapter_model.safetensors").exists())

    def test_wrong_type_names_the_key(self):
        self.assert_refused(self.train(self.GOOD, None, "max_steps=many"), "max_steps", "many")

    # --- evaluation --------------------------------------------------------------------------------------------------
    def test_unknown_task_names_the_nearest(self):
        model = copy_model(self.folder)
        self.assert_refused(llmbox("eval", "-m", model, "-d", "helaswag", "--output", self.out), "hellaswag")

    def test_missing_evaluation_data(self):
        model = copy_model(self.folder)
        result = llmbox("eval", "-m", model, "-d", "piqa", "--data_dir", self.folder, "--output", self.out)
        self.assert_refused(result, "piqa")

    # --- prompts -----------------------------------------------------------------------------------------------------
    def test_invalid_line_of_generate(self):
        model = copy_model(self.folder)
        self.assert_refused(llmbox("generate", "-m", model, stdin='{"prompt": "a"}\n{oops\n'), "2")


class DiskFullTest(unittest.TestCase):
    def test_no_space_for_the_output(self):
        folder = temporary_folder()
        ids = folder / "ids.json"
        ids.write_text(json.dumps([list(range(1, 200))] * 8))
        out = folder / "logits.safetensors"
        model = copy_model(folder)
        result = llmbox("logits", model, "--ids", ids, "--out", out, limit_file_size=100_000)
        self.assertNotEqual(result.returncode, 0)
        self.assertFalse(out.exists())
        self.assertEqual([p for p in folder.iterdir() if p.name not in ("ids.json", "model")], [])
        shutil.rmtree(folder)


if __name__ == "__main__":
    require_shared()
    unittest.main()
