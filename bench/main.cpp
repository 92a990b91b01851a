#include <fmt/format.h>

#include <array>
#include <exception>

#include "bench.h"
#include "core/memory.h"

namespace {

using namespace llmbox::bench;

constexpr std::array kWorkloads = {
    Workload{"ceilings", "memory read and matrix products of this machine", run_ceilings},
    Workload{"segment_attention", "attention of packed training batches, forward and backward", run_segment_attention},
    Workload{"linear_cross_entropy", "fused head and loss with gradients", run_linear_cross_entropy},
    Workload{"row_ops", "norm, rope and SwiGLU, forward and backward", run_row_ops},
    Workload{"linear_shapes", "the products of a 135M-shaped layer, forward and both gradients", run_linear_shapes},
    Workload{"skinny_linear", "products of few rows with a large weight", run_skinny_linear},
    Workload{"paged_decode", "one token of many sequences over a paged cache", run_paged_decode},
    Workload{"mixture", "2 of 16 experts against the dense model of the same arithmetic, same run", run_mixture},
    Workload{"train_sft", "full SFT of the 135M shape in bf16, 2048 packed tokens a step", run_train_sft},
    Workload{"start", "program start to the last line of `model info`", run_start},
    Workload{"eval_piqa", "stories260K over 200 piqa questions, the whole program", run_eval_piqa},
    Workload{"prefix_tree", "share of tokens computed for mmlu with 5 shots", run_prefix_tree},
    Workload{"gguf", "encoding block types, writing GGUF from safetensors", run_gguf},
    Workload{"load", "opening a model of 1 GB: memory and rate", run_load},
    Workload{"tokenizers", "encoding, decoding and loading of ten tokenizers", run_tokenizers},
    Workload{"sft_data", "5,000 alpaca rows to text, and from the file to packed rows", run_sft_data},
};

int list_workloads() {
  fmt::print("usage: llmbox_bench [NAME…]   (none: all)\n");
  for (const Workload& w : kWorkloads) fmt::print("  {:<22} {}\n", w.name, w.summary);
  return 2;
}

bool wanted(const Workload& workload, int argc, char** argv) {
  for (int i = 1; i < argc; ++i) {
    if (workload.name == argv[i]) return true;
  }
  return argc == 1;
}

bool known(std::string_view name) {
  for (const Workload& w : kWorkloads) {
    if (w.name == name) return true;
  }
  return false;
}

}  // namespace

int main(int argc, char** argv) {
  llmbox::keep_large_blocks();
  for (int i = 1; i < argc; ++i) {
    if (!known(argv[i])) return list_workloads();
  }
  try {
    for (const Workload& w : kWorkloads) {
      if (wanted(w, argc, argv)) w.run();
    }
  } catch (const std::exception& e) {
    fmt::print(stderr, "{}\n", e.what());
    return 1;
  }
}
