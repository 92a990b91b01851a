#include <ATen/ATen.h>
#include <torch/csrc/autograd/variable.h>

#include "bench.h"
#include "tensor/activation.h"
#include "tensor/linear.h"
#include "tensor/linear_cross_entropy.h"
#include "tensor/norm.h"
#include "tensor/paged_attention.h"
#include "tensor/rope.h"
#include "tensor/segment_attention.h"

namespace llmbox::bench {

namespace {

at::Tensor random(at::IntArrayRef sizes, at::ScalarType type, double scale = 1) {
  return (at::randn(sizes) * scale).to(type);
}

double difference(const at::Tensor& a, const at::Tensor& b) {
  const at::Tensor wide = b.to(at::kDouble);
  return ((a.to(at::kDouble) - wide).norm() / wide.norm()).item<double>();
}

const char* type_name(at::ScalarType type) { return type == at::kFloat ? "f32" : "bf16"; }

double product_ceiling(at::ScalarType type) {
  return type == at::kFloat ? f32_flops_per_second() : bf16_flops_per_second();
}

void attention_case(at::ScalarType type, int64_t n_segment, int64_t length) {
  constexpr int64_t kHeads = 9, kKeyHeads = 3, kDim = 64;
  std::vector<int64_t> starts;
  for (int64_t s = 0; s <= n_segment; ++s) starts.push_back(s * length);
  const int64_t n = starts.back();
  const AttentionShape shape{0.125};
  at::Tensor q = random({n, kHeads, kDim}, type).requires_grad_(true);
  at::Tensor k = random({n, kKeyHeads, kDim}, type).requires_grad_(true);
  at::Tensor v = random({n, kKeyHeads, kDim}, type).requires_grad_(true);
  const at::Tensor y = segment_attention(q, k, v, starts, shape), direction = random(y.sizes(), type);
  const std::string name = fmt::format("segment_attention {} {}×{}", type_name(type), n_segment, length);
  const std::vector<int64_t> first{0, length};
  {
    const c10::InferenceMode inference;
    const auto cut = [&](const at::Tensor& x) { return x.narrow(0, 0, length); };
    const at::Tensor truth = segment_attention_naive(cut(q), cut(k), cut(v), first, shape);
    require_close(name, difference(cut(y), truth), type == at::kFloat ? 1e-5 : 1e-2);
  }
  const double flops = 2.0 * kHeads * kDim * static_cast<double>(length) * (length + 1) * n_segment;  // causal half
  const double ceiling = product_ceiling(type);
  const double forward = best_seconds([&] { segment_attention(q, k, v, starts, shape); });
  print_rate(name + " forward", {flops / forward, ceiling, 1e9, "GFLOPS", type_name(type)});
  const double both = best_seconds([&] { segment_attention(q, k, v, starts, shape).backward(direction); });
  print_rate(name + " backward", {2.5 * flops / (both - forward), ceiling, 1e9, "GFLOPS", type_name(type)});
}

}  // namespace

void run_segment_attention() {
  for (const auto type : {at::kBFloat16, at::kFloat}) {
    attention_case(type, 1, 2048);
    attention_case(type, 8, 256);
  }
}

void run_linear_cross_entropy() {
  constexpr int64_t kRows = 2048, kWidth = 576, kVocabulary = 49152;
  at::Tensor hidden = random({kRows, kWidth}, at::kBFloat16).requires_grad_(true);
  at::Tensor weight = random({kVocabulary, kWidth}, at::kBFloat16, 0.02).requires_grad_(true);
  const at::Tensor labels = at::randint(kVocabulary, {kRows}, at::kLong);
  {
    const c10::InferenceMode inference;
    const at::Tensor few = labels.slice(0, 0, 64);
    const double ours = linear_cross_entropy(hidden.slice(0, 0, 64), weight, {}, few).item<double>();
    const double truth =
        linear_cross_entropy_naive(hidden.slice(0, 0, 64).to(at::kFloat), weight.to(at::kFloat), {}, few)
            .item<double>();
    require_close("linear_cross_entropy", std::abs(ours - truth) / truth, 1e-3);
  }
  const double seconds = best_seconds([&] { linear_cross_entropy(hidden, weight, {}, labels).backward(); }, 2);
  print_rate("linear_cross_entropy bf16 2048×576×49152",
             {6.0 * kRows * kWidth * kVocabulary / seconds, bf16_flops_per_second(), 1e9, "GFLOPS", "bf16"});
}

void run_row_ops() {
  constexpr int64_t kRows = 32768, kWidth = 576, kHeads = 9, kDim = 64;  // 38 MB in bf16: beyond the caches
  const auto type = at::kBFloat16;
  at::Tensor x = random({kRows, kWidth}, type).requires_grad_(true),
             up = random({kRows, kWidth}, type).requires_grad_(true);
  at::Tensor weight = random({kWidth}, type).requires_grad_(true);
  const at::Tensor angle = at::randn({kRows, kDim / 2}), direction = random({kRows, kWidth}, type);
  const RopeAngles angles{angle.cos(), angle.sin()};
  const double bytes = 2.0 * kRows * kWidth, ceiling = dram_read_bytes_per_second();
  const auto heads = [&](const at::Tensor& t) { return t.view({kRows, kHeads, kDim}); };
  {
    const c10::InferenceMode inference;
    require_close("rms_norm", difference(rms_norm(x, weight, 1e-5), rms_norm_naive(x, weight, 1e-5)), 1e-2);
    require_close("swiglu", difference(swiglu(x, up), swiglu_naive(x, up)), 1e-2);
    require_close("rope", difference(apply_rope(heads(x), angles, false), apply_rope_naive(heads(x), angles, false)),
                  1e-2);
  }
  struct Timed {
    const char* name;
    std::function<at::Tensor()> forward;
    double forward_passes, backward_passes;  // times the array moves through memory
  };
  const Timed all[] = {{"rms_norm", [&] { return rms_norm(x, weight, 1e-5); }, 2, 3},
                       {"swiglu", [&] { return swiglu(x, up); }, 3, 5},
                       {"rope",
                        [&] {
                          return apply_rope(heads(x), angles, false).view({kRows, kWidth});
                        },
                        2, 2}};
  for (const Timed& op : all) {
    const double forward = best_seconds([&] { op.forward(); });
    print_rate(fmt::format("{} bf16 forward", op.name),
               {op.forward_passes * bytes / forward, ceiling, 1e9, "GB/s  ", "read"});
    const at::Tensor y = op.forward();
    const double backward = best_seconds([&] {
      for (at::Tensor* leaf : {&x, &up, &weight}) leaf->mutable_grad() = at::Tensor();
      y.backward(direction, true);
    });
    print_rate(fmt::format("{} bf16 backward", op.name),
               {op.backward_passes * bytes / backward, ceiling, 1e9, "GB/s  ", "read"});
  }
}

void run_linear_shapes() {
  const c10::InferenceMode inference;
  constexpr int64_t kRows = 2048;
  for (const int64_t side : {64, 192, 576, 2048}) {
    const at::Tensor x = random({kRows, side}, at::kFloat), w = random({side, side}, at::kFloat);
    const double flops = 2.0 * kRows * side * side, ceiling = f32_flops_per_second();
    require_close("linear", difference(llmbox::linear(x, w, {}), at::linear(x, w)), 1e-3);
    const double libtorch = best_seconds([&] { at::linear(x, w); });
    const double ours = best_seconds([&] { llmbox::linear(x, w, {}); });
    print_rate(fmt::format("linear {0}→{0} f32 inference, {1:.2f}× libtorch", side, libtorch / ours),
               {flops / ours, ceiling, 1e9, "GFLOPS", "f32"});
  }
  for (const auto& [in, out] : std::vector<std::pair<int64_t, int64_t>>{{576, 576}, {576, 1536}, {1536, 576}}) {
    const at::Tensor x = random({kRows, in}, at::kBFloat16), w = random({out, in}, at::kBFloat16);
    const at::Tensor dy = random({kRows, out}, at::kBFloat16);
    const double flops = 2.0 * kRows * in * out, ceiling = bf16_flops_per_second();
    const auto report = [&](const char* what, const std::function<void()>& work) {
      print_rate(fmt::format("linear {}→{} {}", in, out, what),
                 {flops / best_seconds(work), ceiling, 1e9, "GFLOPS", "bf16"});
    };
    require_close("linear", difference(llmbox::linear(x, w, {}), at::linear(x, w)), 2e-2);
    report("forward, inference", [&] { llmbox::linear(x, w, {}); });
    report("forward, training", [&] { at::linear(x, w); });
    report("input gradient", [&] { at::mm(dy, w); });
    report("weight gradient", [&] { at::mm(dy.t(), x); });
  }
}

void run_skinny_linear() {
  const c10::InferenceMode inference;
  constexpr int64_t kIn = 2048, kOut = 8192, kMatrices = 12;  // 400 MB: read from memory each time
  std::vector<at::Tensor> weights;
  for (int64_t i = 0; i < kMatrices; ++i) weights.push_back(random({kOut, kIn}, at::kBFloat16, 0.02));
  for (const int64_t rows : {1, 4, 8, 16}) {
    const at::Tensor x = random({rows, kIn}, at::kBFloat16);
    require_close("linear", difference(llmbox::linear(x, weights[0], {}), at::linear(x, weights[0])), 1e-2);
    const double seconds = best_seconds([&] {
      for (const at::Tensor& w : weights) llmbox::linear(x, w, {});
    });
    print_rate(fmt::format("skinny linear bf16, {} rows", rows),
               {kMatrices * 2.0 * kIn * kOut / seconds, dram_read_bytes_per_second(), 1e9, "GB/s  ", "read"});
  }
}

void run_paged_decode() {
  constexpr int64_t kSequences = 32, kLength = 1024, kPage = 64, kHeads = 9, kKeyHeads = 3, kDim = 64;
  const at::Tensor keys = random({kSequences * kLength / kPage, kPage, kKeyHeads, kDim}, at::kBFloat16);
  const at::Tensor values = random(keys.sizes(), at::kBFloat16), q = random({kSequences, kHeads, kDim}, at::kBFloat16);
  std::vector<int32_t> pages(keys.size(0));
  for (size_t i = 0; i < pages.size(); ++i) pages[i] = static_cast<int32_t>(i);
  std::vector<PagedSequence> sequences;
  for (int64_t s = 0; s < kSequences; ++s) {
    sequences.push_back({s, s + 1, kLength, std::span(pages).subspan(s * kLength / kPage, kLength / kPage)});
  }
  const AttentionShape shape{0.125};
  require_close("paged_decode",
                difference(paged_attention(q, keys, values, sequences, shape),
                           paged_attention_naive(q, keys, values, sequences, shape)),
                1e-2);
  const double seconds = best_seconds([&] { paged_attention(q, keys, values, sequences, shape); });
  print_rate("paged decode bf16, 32 × 1024 keys",
             {2.0 * 2 * keys.numel() / seconds, dram_read_bytes_per_second(), 1e9, "GB/s  ", "read"});
}

}  // namespace llmbox::bench
