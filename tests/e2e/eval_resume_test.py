"""An evaluation that is killed at random moments and started again ends with the files of an uninterrupted one."""
import json
import random
import shutil
import signal
import subprocess
import time
import unittest

from program import REPO, SHARED, STORIES, binary, llmbox, require_shared, temporary_folder

TASKS = "piqa,hellaswag"


class EvalResumeTest(unittest.TestCase):
    def setUp(self):
        self.folder = temporary_folder()

    def tearDown(self):
        shutil.rmtree(self.folder)

    def command(self, output):
        return ["eval", "-m", str(STORIES), "-d", TASKS, "--data_dir", str(SHARED / "data"), "--limit", "60",
                "--output", str(output)]

    def test_killed_and_resumed_equals_uninterrupted(self):
        whole = self.folder / "whole"
        done = llmbox(*self.command(whole))
        self.assertEqual(done.returncode, 0, done.stderr)

        killed = self.folder / "killed"
        rng = random.Random(7)
        for _ in range(4):
            process = subprocess.Popen([binary(), *self.command(killed)], cwd=REPO, stdout=subprocess.DEVNULL,
                                       stderr=subprocess.DEVNULL)
            time.sleep(rng.uniform(0.05, 0.8))
            process.send_signal(signal.SIGKILL)
            process.wait()
        done = llmbox(*self.command(killed))
        self.assertEqual(done.returncode, 0, done.stderr)

        for task in TASKS.split(","):
            self.assertEqual((killed / f"{task}.jsonl").read_text(), (whole / f"{task}.jsonl").read_text())
        self.assertEqual(json.loads((killed / "results.json").read_text()),
                         json.loads((whole / "results.json").read_text()))


if __name__ == "__main__":
    require_shared()
    unittest.main()
