// safetensors: any file is named tensors whose bytes are all there, or refused.
#include "tensor/safetensors.h"

#include <ATen/ATen.h>

#include "fuzz/target.h"

namespace llmbox {

void fuzz_one(std::string_view bytes) {
  read_as_file(bytes, "model.safetensors", [](const std::string& path) {
    const auto file = SafetensorsFile::open(path);
    // Reads every byte.
    for (const std::string& name : file.names()) file.tensor(name).contiguous().view(-1).clone();
  });
}

}  // namespace llmbox
