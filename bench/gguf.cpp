// Writing and reading GGUF: how fast each block type is encoded, and how fast a model goes from file to file.
#include "tensor/gguf.h"

#include <ATen/ATen.h>

#include <filesystem>

#include "bench.h"
#include "core/atomic_file.h"
#include "core/error.h"
#include "model/decoder.h"
#include "model/gguf/model.h"
#include "model/save.h"

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

/// 200 MB of bf16.
const Json kModel = {{"model_type", "llama"},     {"hidden_size", 1024},        {"intermediate_size", 4096},
                     {"num_hidden_layers", 6},    {"vocab_size", 4096},         {"num_attention_heads", 16},
                     {"num_key_value_heads", 16}, {"tie_word_embeddings", true}};

/// What the disk takes: the same bytes written and synced as they are.
double disk_bytes_per_second(const std::filesystem::path& folder, size_t bytes) {
  const std::string zeros(bytes, '\0');
  return static_cast<double>(bytes) / best_seconds([&] { write_file_atomically(folder / "plain", zeros); }, 3);
}

void convert_case(const std::filesystem::path& folder) {
  const auto hub = folder / "hf", gguf = folder / "model.gguf", back = folder / "back";
  Decoder::create(kModel, 5, {.dtype = at::kBFloat16})->save(hub);
  const auto to_gguf = [&] { save_gguf_model(gguf, open_model_files(hub), {.type = "bf16"}); };
  const auto to_hub = [&] {
    save_model_files(back, dense_files(open_model_files(gguf), at::kBFloat16), kMaxShardBytes);
  };
  const double there = best_seconds(to_gguf, 3), again = best_seconds(to_hub, 3);
  if (read_text_file(hub / "model.safetensors") != read_text_file(back / "model.safetensors"))
    fail("bench gguf", "expected the same file again, got another");
  const auto size = std::filesystem::file_size(hub / "model.safetensors");
  const double disk = disk_bytes_per_second(folder, size), bytes = static_cast<double>(size);
  print_rate("safetensors to gguf bf16", {bytes / there, disk, 1e9, "GB/s", "plain write"});
  print_rate("gguf bf16 to safetensors", {bytes / again, disk, 1e9, "GB/s", "plain write"});
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
  convert_case(folder);
  std::filesystem::remove_all(folder);
}

}  // namespace llmbox::bench
