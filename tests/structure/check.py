"""Holds the tree to the architecture: module edges (includes and CMake links), sizes, tables against files,
private names that several files of a module have.

Run with no argument it checks the repository; check_test.py runs it on small trees that break each rule.
"""
import re
import sys
from pathlib import Path

MAX_LINES = 700
MAX_FUNCTION_LINES = 100
VAGUE_NAMES = {"util", "utils", "helper", "helpers", "common", "misc", "stuff"}
INCLUDE = re.compile(r'^\s*#\s*include\s*"([^"/]+)/', re.M)
TORCH_INCLUDE = re.compile(r"^\s*#\s*include\s*<(ATen|c10|torch)/", re.M)
SLOW_INCLUDE = re.compile(r"^\s*#\s*include\s*<torch/(torch|extension)\.h>", re.M)

# Families: every file of the folder has a row in the table, every row a file. (folder, glob, table, what a row holds)
FAMILIES = [
    ("src/arch", "*.cpp", "src/arch/table.cpp", "{stem}", {"table", "spec", "config_reader"}),
    ("src/model/layers", "*.cpp", "src/model/layers/table.cpp", '"model/layers/{stem}.h"',
     {"table", "alt_up", "block", "fused_experts", "laurel", "layer_input", "norm", "parameters", "recurrence", "rope_angles", "router", "transposed_linear"}),
    ("src/infer/sampling", "*.cpp", "src/infer/sampling/table.cpp", "{stem}", {"table", "sampler"}),
    ("src/train/objective", "*.cpp", "src/train/objective/table.cpp", "{stem}", {"table", "objective"}),
    ("src/train/optim", "*.cpp", "src/train/optim/table.cpp", "{stem}", {"table", "optimizer"}),
    ("src/eval/metrics", "*.cpp", "src/eval/metrics/table.cpp", "{stem}", {"table", "metric"}),
    ("src/adapter/method", "*.cpp", "src/adapter/method/table.cpp", "wrap_{stem}", {"table", "reader"}),
    ("src/tensor/block", "*.cpp", "src/tensor/block/table.cpp", "decode_{stem}", {"table", "block_type"}),
    ("src/quant/format", "*.cpp", "src/quant/format/table.cpp", "pack_{stem}", {"table", "packed_layers"}),
    ("src/chat/tool_format", "*.cpp", "src/chat/tool_format/table.cpp", '"{stem}"',
     {"table", "given", "parameters", "python_call", "python_literal", "reply_json", "reply_scan"}),
    ("src/cli", "*.cpp", "src/cli/verb_table.cpp", '"{stem}"', {"verb_table", "main"}),
    ("templates", "*.jinja", "src/chat/template_table.cpp", '"{stem}"', set()),
]


def read_graph(path):
    """modules.txt → {module: set of allowed modules}, closed over what each brings."""
    direct = {}
    for line in path.read_text().splitlines():
        if line.strip() and not line.startswith("#"):
            name, _, rest = line.partition(":")
            direct[name.strip()] = rest.split()
    def closure(name, seen):
        for child in direct.get(name, []):
            if child not in seen:
                seen.add(child)
                closure(child, seen)
        return seen
    everything = set(direct) | {"torch"}
    return {name: everything if "*" in rest else closure(name, set()) for name, rest in direct.items()}


def sources(root, *suffixes):
    for folder in ("src", "tests", "bench"):
        for path in sorted((root / folder).rglob("*")):
            if path.suffix in suffixes and "__pycache__" not in path.parts:
                yield path


def check_includes(root, graph):
    for path in sources(root, ".cpp", ".h"):
        parts = path.relative_to(root).parts
        if parts[0] != "src" or len(parts) < 3:
            continue
        module, text = parts[1], path.read_text(errors="replace")
        if module not in graph:
            yield f"{'/'.join(parts)}: module '{module}' is not in tests/structure/modules.txt"
            continue
        for included in sorted(set(INCLUDE.findall(text))):
            if included != module and included not in graph[module]:
                yield f"{'/'.join(parts)}: {module} may not include {included}"
        if "torch" not in graph[module] and TORCH_INCLUDE.search(text):
            yield f"{'/'.join(parts)}: {module} may not use libtorch"
        if SLOW_INCLUDE.search(text):
            yield f"{'/'.join(parts)}: <torch/torch.h> takes 20 s to compile; include <ATen/...>"


def check_links(root, graph):
    for path in sorted((root / "src").glob("*/CMakeLists.txt")):
        module, text = path.parent.name, path.read_text()
        allowed = graph.get(module, set())
        call = re.search(r"add_module\(([^)]*)\)", text)
        words = call.group(1).split() if call else []
        linked, section = set(), ""
        for word in words[1:]:
            if word in ("MODULES", "LIBS", "TORCH"):
                section = word
                if word == "TORCH":
                    linked.add("torch")
            elif section == "MODULES":
                linked.add(word)
        for name in sorted(linked - allowed):
            yield f"src/{module}/CMakeLists.txt: {module} may not link {name}"


def function_lengths(text):
    """Yields (line, length) of brace blocks that open at column 0 behind a ')': function bodies in our layout."""
    start = None
    for number, line in enumerate(text.splitlines(), 1):
        if start is None and line and not line[0].isspace() and re.search(r"\)[^;={]*(\{|: .*\{)$", line):
            start = number
        elif start is not None and line.startswith("}"):
            yield start, number - start + 1
            start = None


def check_sizes(root):
    for path in sources(root, ".cpp", ".h", ".py", ".ts", ".tsx"):
        name, text = path.relative_to(root), path.read_text(errors="replace")
        lines = text.count("\n") + 1
        if lines > MAX_LINES:
            yield f"{name}: {lines} lines, at most {MAX_LINES}; split by idea"
        if set(re.split(r"[_.]", path.stem)) & VAGUE_NAMES or set(name.parts) & VAGUE_NAMES:
            yield f"{name}: a name that says nothing; name the idea"
        if path.suffix == ".cpp":
            for line, length in function_lengths(text):
                if length > MAX_FUNCTION_LINES:
                    yield f"{name}:{line}: function of {length} lines, at most {MAX_FUNCTION_LINES}"
        if path.suffix == ".h" and path.parts[-3] != "tests" and not text.startswith("//"):
            yield f"{name}: a header opens with what it is, who owns what, what it refuses"


def check_families(root):
    for folder, glob, table, row, outside in FAMILIES:
        table_path = root / table
        if not (root / folder).is_dir():
            continue
        stems = {p.stem for p in (root / folder).glob(glob)
                 if not p.stem.endswith("_test") and p.stem not in outside}
        if stems and not table_path.exists():
            yield f"{table}: missing, but {folder} has {', '.join(sorted(stems))}"
            continue
        text = table_path.read_text() if table_path.exists() else ""
        for stem in sorted(stems):
            if row.format(stem=stem) not in text:
                yield f"{table}: no row for {folder}/{stem}"
        included = re.findall(r'#include "' + re.escape(folder.removeprefix("src/")) + r'/(\w+)\.h"', text)
        for stem in included:
            if not any((root / folder / f"{stem}{suffix}").exists() for suffix in (".h", ".cpp")):
                yield f"{table}: row '{stem}' has no file in {folder}"
        if folder == "templates":
            for stem in re.findall(r'"([\w.-]+)\.jinja"', text):
                if stem not in stems:
                    yield f"{table}: row '{stem}' has no file in {folder}"


PRIVATE = re.compile(r"^namespace \{\n(.*?)^\}  // namespace$", re.S | re.M)
DECLARED = [re.compile(r"(?:struct|class|enum class|enum|union) (\w+)"),
            re.compile(r"constexpr .*?\b(k[A-Z]\w*)"),
            re.compile(r"[\w:<>,&*\[\] ]+?[ &*](\w+\([^;{]*)")]  # with its parameters: overloads are no clash


def private_names(text):
    """Types, constants and functions that the anonymous namespaces of a file define at column 0."""
    for block in PRIVATE.findall(text):
        for line in block.splitlines():
            for pattern in DECLARED if line and (line[0].isalpha() or line[0] == "_") else []:
                if found := pattern.match(line):
                    yield found.group(1)
                    break


def check_private_names(root):
    """Several files are compiled as one (cmake/AddModule.cmake): a module has each private name once."""
    owners = {}
    for path in sources(root, ".cpp"):
        parts = path.relative_to(root).parts
        if parts[0] != "src" or len(parts) < 3:
            continue
        kind = "test" if path.stem.endswith("_test") else "code"
        for name in set(private_names(path.read_text(errors="replace"))):
            first = owners.setdefault((parts[1], kind, name), path.relative_to(root))
            if first != path.relative_to(root):
                word = name.split("(")[0]
                yield f"{'/'.join(parts)}: '{word}' is also private in {first}; name each, or share one in a header"


def check(root):
    graph = read_graph(root / "tests/structure/modules.txt")
    return [*check_includes(root, graph), *check_links(root, graph), *check_sizes(root), *check_families(root),
            *check_private_names(root)]


def main():
    root = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parents[2]
    faults = check(root)
    for fault in faults:
        print(fault)
    print(f"structure: {len(faults)} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
