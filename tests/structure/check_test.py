"""The structure test must fail when it should: one small broken tree for each rule."""
import shutil
import tempfile
import unittest
from pathlib import Path

import check

GRAPH = Path(__file__).with_name("modules.txt")
HEADER = "// What it is.\n"


class StructureTest(unittest.TestCase):
    def setUp(self):
        self.root = Path(tempfile.mkdtemp())
        self.write("tests/structure/modules.txt", GRAPH.read_text())

    def tearDown(self):
        shutil.rmtree(self.root)

    def write(self, name, text):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def assert_fault(self, part):
        faults = check.check(self.root)
        self.assertTrue(any(part in fault for fault in faults), faults)

    def test_a_clean_tree_has_no_faults(self):
        self.write("src/eval/runner.h", HEADER + '#include "chat/language_model.h"\n#include "core/error.h"\n')
        self.write("src/eval/CMakeLists.txt", "add_module(eval MODULES records chat)")
        self.assertEqual(check.check(self.root), [])

    def test_an_include_against_the_graph_fails(self):
        self.write("src/infer/engine.h", HEADER + '#include "train/loop.h"\n')
        self.assert_fault("infer may not include train")

    def test_a_link_against_the_graph_fails(self):
        self.write("src/tokenizer/CMakeLists.txt", "add_module(tokenizer MODULES core model)")
        self.assert_fault("tokenizer may not link model")

    def test_libtorch_in_a_module_without_it_fails(self):
        self.write("src/data/loader.cpp", "#include <ATen/ATen.h>\n")
        self.assert_fault("data may not use libtorch")
        self.write("src/data/CMakeLists.txt", "add_module(data TORCH MODULES records)")
        self.assert_fault("data may not link torch")

    def test_a_file_over_the_limit_fails(self):
        self.write("src/core/big.cpp", "\n" * (check.MAX_LINES + 1))
        self.assert_fault("split by idea")

    def test_a_function_over_the_limit_fails(self):
        self.write("src/core/long.cpp", "void f() {\n" + "  g();\n" * 120 + "}\n")
        self.assert_fault("function of 122 lines")

    def test_a_vague_name_fails(self):
        self.write("src/core/utils.cpp", "int x;\n")
        self.assert_fault("says nothing")

    def test_a_file_without_a_row_fails(self):
        self.write("src/infer/sampling/table.cpp", "// no rows\n")
        self.write("src/infer/sampling/top_k.cpp", "int x;\n")
        self.assert_fault("no row for src/infer/sampling/top_k")

    def test_a_row_without_a_file_fails(self):
        self.write("src/infer/sampling/table.cpp", '#include "infer/sampling/top_z.h"\n')
        self.assert_fault("row 'top_z' has no file")

    def test_a_private_name_of_two_files_fails(self):
        for name in ("a", "b"):
            self.write(f"src/data/{name}.cpp", "namespace {\n\nconstexpr int kSize = 1;\n\n}  // namespace\n")
        self.assert_fault("'kSize' is also private in")

    def test_a_header_without_an_opening_comment_fails(self):
        self.write("src/core/bare.h", "#pragma once\n")
        self.assert_fault("a header opens with")


if __name__ == "__main__":
    unittest.main()
