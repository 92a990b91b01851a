// Writing and reading GGUF: how fast each block type is encoded, and how fast plain weights go from file to file.
#include "tensor/gguf.h"

#include <ATen/ATen.h>

#include <filesystem>

#include "bench.h"
#include "tensor/safetensors.h"
#include "tensor/weight_map.h"

namespace llmbox::bench {

namespace {

void encode_case(const char* name, const at::Tensor& values, double tolerance) {
  const BlockType& type = *find_block_type(name);
  const int64_t n = values.numel() / type.values;
  at::Tensor bytes = at::empty({n * type.block_bytes}, at::kByte), again = at::empty_like(values);
  const auto encode = [&] { encode_blocks(type, values.data_ptr<float>(), n, bytes.data_ptr<uint8_t>()); };
  const double seconds = best_seconds(encode, 3);
  decode_blocks(type, bytes.data_ptr<uint8_t>(), n, again.data_ptr<float>());
  require_close(name, ((again - values).norm() / values.norm()).item<double>(), tolerance);
  const double read = static_cast<double>(values.nbytes()) / seconds;
  print_rate(fmt::format("encode {}", name), {read, dram_read_bytes_per_second(), 1e9, "GB/s of f32", "DRAM read"});
}

/// 16 matrices of 16 MB in bf16.
constexpr int64_t kMatrices = 16, kRows = 4096, kColumns = 2048;

void write_case(const std::filesystem::path& folder) {
  NamedTensors tensors;
  for (int64_t i = 0; i < kMatrices; ++i)
    tensors.emplace_back(fmt::format("m{}", i), at::randn({kRows, kColumns}).to(at::kBFloat16));
  save_safetensors(folder / "model.safetensors", tensors);
  const double bytes = 2.0 * kMatrices * kRows * kColumns;
  const BlockType* type = find_block_type("BF16");
  const auto to_gguf = [&] {
    const WeightMap weights = open_weight_file(folder / "model.safetensors");
    std::vector<GgufOutput> outputs;
    for (const auto& [name, weight] : weights) outputs.push_back({name, type, weight.shape, weight.read});
    save_gguf(folder / "model.gguf", {}, outputs);
  };
  const double there = best_seconds(to_gguf, 3);
  const auto file = GgufFile::open(folder / "model.gguf");
  require_close("gguf bf16", (decode_tensor(file, "m3") - tensors[3].second.to(at::kFloat)).abs().max().item<double>(),
                0);
  print_rate("safetensors to gguf bf16", {bytes / there, dram_read_bytes_per_second(), 1e9, "GB/s", "DRAM read"});
}

}  // namespace

void run_gguf() {
  const at::Tensor values = at::randn({16384, 1024}) * 0.02;
  encode_case("Q8_0", values, 0.01);
  encode_case("Q4_0", values, 0.15);
  encode_case("Q6_K", values, 0.03);
  encode_case("Q4_K", values, 0.1);
  const std::filesystem::path folder = std::filesystem::temp_directory_path() / "llmbox-bench-gguf";
  std::filesystem::create_directories(folder);
  write_case(folder);
  std::filesystem::remove_all(folder);
}

}  // namespace llmbox::bench
