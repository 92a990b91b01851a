#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <chrono>
#include <cstdio>

#include "bench.h"

namespace llmbox::bench {

double best_seconds(const std::function<void()>& work, int runs) {
  work();
  double best = 1e30;
  for (int i = 0; i < runs; ++i) {
    const auto start = std::chrono::steady_clock::now();
    work();
    best = std::min(best, std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  }
  return best;
}

void print_rate(std::string_view name, const Rate& r) {
  std::printf("%-44.*s %9.1f %.*s  %5.1f %% of %.*s\n", static_cast<int>(name.size()), name.data(), r.rate / r.unit,
              static_cast<int>(r.unit_name.size()), r.unit_name.data(), 100 * r.rate / r.ceiling,
              static_cast<int>(r.what.size()), r.what.data());
  std::fflush(stdout);
}

void require_close(std::string_view name, double error, double tolerance) {
  if (error <= tolerance) return;
  throw std::runtime_error("[bench] expected " + std::string(name) + " within " + std::to_string(tolerance) + ", got " +
                           std::to_string(error));
}

namespace {

double measure_dram() {
  const int64_t n = int64_t{64} << 20;  // 512 MB of int64: beyond every cache
  const at::Tensor data = at::ones({n}, at::kLong);
  const int64_t* p = data.const_data_ptr<int64_t>();
  std::vector<int64_t> sums(at::get_num_threads() * 8);
  const double seconds = best_seconds([&] {
    at::parallel_for(0, n, 1 << 16, [&](int64_t begin, int64_t end) {
      int64_t sum[8] = {};
      for (int64_t i = begin; i + 64 <= end; i += 64) {
        __builtin_prefetch(p + i + 512);
        for (int j = 0; j < 64; ++j) sum[j % 8] += p[i + j];
      }
      for (int64_t s : sum) sums[at::get_thread_num() * 8] += s;
    });
  });
  return n * 8.0 / seconds;
}

double measure_product(at::ScalarType type) {
  const at::NoGradGuard no_grad;
  double best = 0;
  for (const int64_t n : {1024, 2048}) {
    const at::Tensor a = at::randn({n, n}).to(type), b = at::randn({n, n}).to(type);
    at::Tensor c = at::mm(a, b);
    best = std::max(best, 2.0 * n * n * n / best_seconds([&] { at::mm_out(c, a, b); }));
  }
  return best;
}

}  // namespace

double dram_read_bytes_per_second() {
  static const double value = measure_dram();
  return value;
}

double bf16_flops_per_second() {
  static const double value = measure_product(at::kBFloat16);
  return value;
}

double f32_flops_per_second() {
  static const double value = measure_product(at::kFloat);
  return value;
}

void run_ceilings() {
  const double read = dram_read_bytes_per_second(), bf16 = bf16_flops_per_second(), f32 = f32_flops_per_second();
  print_rate("ceiling: memory read", {read, read, 1e9, "GB/s  ", "itself"});
  print_rate("ceiling: product bf16", {bf16, bf16, 1e9, "GFLOPS", "itself"});
  print_rate("ceiling: product f32", {f32, f32, 1e9, "GFLOPS", "itself"});
}

}  // namespace llmbox::bench
