// pytorch_model.bin: any file is a dict of tensors, or refused; no pickle runs anything.
#include "tensor/torch_file.h"

#include <ATen/ATen.h>

#include "fuzz/target.h"

namespace llmbox {

void fuzz_one(std::string_view bytes) {
  read_as_file(bytes, "pytorch_model.bin", [](const std::string& path) {
    constexpr int64_t kMostValues = 1 << 20;  // a stride of 0 shows one value as many
    for (const auto& entry : open_torch_file(path)) {
      const Weight& weight = entry.second;
      int64_t count = 1;
      for (const int64_t size : weight.shape)
        if (__builtin_mul_overflow(count, size, &count)) count = kMostValues + 1;
      if (count <= kMostValues) may_refuse([&] { weight.read().clone(); });
    }
  });
}

}  // namespace llmbox
