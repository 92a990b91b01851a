"""Runs the built program in tests: llmbox(...) and temporary model folders made from the shared fixtures."""
import json
import os
import shutil
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

REPO = Path(__file__).resolve().parents[2]
SHARED = REPO.parent / "shared"
STORIES = SHARED / "fixtures/weights/stories260K/hf"


def binary():
    return os.environ.get("LLMBOX_BIN", str(REPO / "build/llmbox"))


def require_shared():
    """Leaves the test where the fixtures are absent; where they are required, fails."""
    if SHARED.is_dir():
        return
    print("skipped: ../shared is absent")
    sys.exit(1 if os.environ.get("LLMBOX_REQUIRE_SHARED") == "1" else 0)


def llmbox(*args, stdin="", timeout=120, cwd=None, limit_file_size=None):
    """Runs the program; returns the finished process with text output."""
    def limit():
        import resource
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit_file_size, limit_file_size))
    return subprocess.run([binary(), *map(str, args)], input=stdin, text=True, capture_output=True, timeout=timeout,
                          cwd=cwd or REPO, preexec_fn=limit if limit_file_size is not None else None)


def copy_model(folder):
    """A writable copy of stories260K."""
    target = Path(folder) / "model"
    shutil.copytree(STORIES, target)
    for path in target.iterdir():
        path.chmod(0o644)
    target.chmod(0o755)
    return target


def edit_config(model, **changes):
    path = model / "config.json"
    config = json.loads(path.read_text())
    for key, value in changes.items():
        if value is None:
            config.pop(key, None)
        else:
            config[key] = value
    path.write_text(json.dumps(config))


def edit_safetensors(path, change):
    """change(header) edits the JSON header of a safetensors file in place; the data stay."""
    data = path.read_bytes()
    size = struct.unpack("<Q", data[:8])[0]
    header = json.loads(data[8:8 + size])
    change(header)
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + data[8 + size:])


def temporary_folder():
    return Path(tempfile.mkdtemp(prefix="llmbox-test-"))
