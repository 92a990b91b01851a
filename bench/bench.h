// The bench: named workloads, each of which checks its answer before it prints a rate, and prints that rate as a share
// of a ceiling that was measured in the same run (the machine is shared: absolute figures move by a factor of two). A
// workload is one function and one row in main.cpp.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

namespace llmbox::bench {

/// Ceilings of this machine, each measured when first asked for and kept for the run.
double dram_read_bytes_per_second();
double bf16_flops_per_second();  // best of a few large products
double f32_flops_per_second();

/// Seconds of the fastest of a few runs, after one for warmth.
double best_seconds(const std::function<void()>& work, int runs = 5);

/// "name  123.4 GFLOPS  56 % of bf16". `rate` and `ceiling` in the same unit; `what` names the ceiling.
struct Rate {
  double rate, ceiling;
  double unit;  // 1e9: giga
  std::string_view unit_name, what;
};
void print_rate(std::string_view name, const Rate& rate);

/// Throws where a workload's answer is off: a bench of wrong results measures nothing.
void require_close(std::string_view name, double error, double tolerance);

/// The data and fixtures beside the repository.
inline std::filesystem::path shared() { return std::filesystem::path(LLMBOX_SOURCE_DIR) / "../shared"; }

struct Workload {
  std::string_view name, summary;
  void (*run)();
};

void run_ceilings();
void run_segment_attention();
void run_linear_cross_entropy();
void run_row_ops();
void run_linear_shapes();
void run_skinny_linear();
void run_paged_decode();
void run_mixture();
void run_train_sft();
void run_start();
void run_eval_piqa();
void run_prefix_tree();
void run_load();
void run_gguf();
void run_tokenizers();
void run_sft_data();

}  // namespace llmbox::bench
