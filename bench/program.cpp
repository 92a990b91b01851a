// The program as a user meets it: how fast it starts, evaluates and opens a large model. Needs the fixtures beside the
// repository; without them a workload says so.
#include <fmt/format.h>
#include <sys/wait.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "bench.h"
#include "core/error.h"
#include "eval/runner.h"
#include "infer/local_model.h"
#include "model/decoder.h"
#include "tensor/safetensors.h"

namespace llmbox::bench {
namespace {

namespace fs = std::filesystem;

fs::path stories() { return shared() / "fixtures/weights/stories260K/hf"; }
fs::path program() { return fs::read_symlink("/proc/self/exe").parent_path() / "llmbox"; }

bool have_fixtures(const char* workload) {
  if (fs::exists(stories())) return true;
  fmt::print("{}: skipped, needs {}\n", workload, stories().string());
  return false;
}

void run_program(const std::string& arguments) {
  const std::string command = fmt::format("'{}' {} > /dev/null 2>&1", program().string(), arguments);
  if (std::system(command.c_str()) != 0) throw Failure("bench", "the program failed: " + command);
}

int64_t resident_bytes() {
  std::ifstream file("/proc/self/statm");
  int64_t total = 0, resident = 0;
  file >> total >> resident;
  return resident * ::sysconf(_SC_PAGESIZE);
}

/// The 2048-wide Llama shape with n_layer layers: 84 MB a layer in bf16.
Json wide_llama(int64_t n_layer) {
  return {{"model_type", "llama"},     {"hidden_size", 2048},         {"num_hidden_layers", n_layer},
          {"num_attention_heads", 32}, {"num_key_value_heads", 8},    {"intermediate_size", 5632},
          {"vocab_size", 32000},       {"tie_word_embeddings", true}, {"torch_dtype", "bfloat16"}};
}

}  // namespace

void run_start() {
  if (!have_fixtures("start")) return;
  const double seconds = best_seconds([] { run_program("model info '" + stories().string() + "'"); });
  fmt::print("{:<44} {:8.3f} s from start to the last line (bar: 0.5)\n", "start: model info", seconds);
}

void run_eval_piqa() {
  if (!have_fixtures("eval_piqa")) return;
  const fs::path output = fs::temp_directory_path() / "llmbox-bench-piqa";
  const std::string arguments =
      fmt::format("eval -m '{}' -d piqa --data_dir '{}' --limit 200 --overwrite --output '{}'", stories().string(),
                  (shared() / "data").string(), output.string());
  const double seconds = best_seconds([&] { run_program(arguments); });
  fs::remove_all(output);
  fmt::print("{:<44} {:8.3f} s in all, {:.0f} questions/s (bar: 1.5)\n", "eval: stories260K, 200 piqa questions",
             seconds, 200 / seconds);
}

void run_prefix_tree() {
  if (!have_fixtures("prefix_tree")) return;
  // What is shared does not depend on the weights: one thin layer with room for five long examples.
  Json config = read_json_file(stories() / "config.json");
  config["num_hidden_layers"] = 1;
  config["max_position_embeddings"] = 16384;
  const std::unique_ptr<Decoder> decoder = Decoder::create(config, 1);
  LocalModel model(*decoder, Tokenizer::load(stories()), std::nullopt, {});
  EvalOptions options;
  options.tasks = {"mmlu"};
  options.data_dir = shared() / "data";
  options.num_shots = 5;
  options.max_example_tokens = 16384;
  options.shots_from = "first";
  options.max_evaluation_instances = 10;
  const auto start = std::chrono::steady_clock::now();
  run_evaluation(model, options);
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  const Json stats = model.stats();
  const double computed = stats["tokens_computed"], plain = stats["tokens_plain"];
  fmt::print("{:<44} {:8.3f} of the plain loop's tokens computed: {:.0f} of {:.0f}, {:.1f} s (bar: 0.333)\n",
             "prefix tree: mmlu, 5 shots", computed / plain, computed, plain, seconds);
}

void run_load() {
  const fs::path folder = fs::temp_directory_path() / "llmbox-bench-load";
  fs::create_directories(folder);
  Decoder::create(wide_llama(12), 1, {.dtype = at::kBFloat16})->save(folder);
  const double bytes = static_cast<double>(fs::file_size(folder / "model.safetensors"));
  run_program(fmt::format("model info '{}'", folder.string()));  // warms the page cache
  const int64_t before = resident_bytes();
  const auto start = std::chrono::steady_clock::now();
  const std::unique_ptr<Decoder> model = Decoder::load(folder, {.dtype = at::kBFloat16});
  const double opened = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  double sum = 0;
  for (const auto& [name, tensor] : model->parameters()) sum += at::sum(tensor, at::kFloat).item<double>();
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  const double resident = static_cast<double>(resident_bytes() - before);
  if (!std::isfinite(sum)) throw Failure("bench", "the loaded weights are not finite");
  fmt::print("{:<44} {:8.3f} of the file resident with every weight read ({:.2f} GB; opened in {:.3f} s) (bar: 1.1)\n",
             "load: safetensors by mmap", resident / bytes, bytes / 1e9, opened);
  print_rate("load: every weight read once", {bytes / seconds, dram_read_bytes_per_second(), 1e9, "GB/s  ", "read"});
  fs::remove_all(folder);
}

}  // namespace llmbox::bench
