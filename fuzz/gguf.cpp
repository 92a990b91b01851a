// GGUF: any file is metadata and tensors of known blocks that decode, or refused.
#include "tensor/gguf.h"

#include <ATen/ATen.h>

#include "fuzz/target.h"

namespace llmbox {

void fuzz_one(std::string_view bytes) {
  read_as_file(bytes, "model.gguf", [](const std::string& path) {
    const auto file = GgufFile::open(path);
    for (const auto& entry : file.tensors()) may_refuse([&] { decode_tensor(file, entry.first); });
  });
}

}  // namespace llmbox
