#include "adapter/lora_linear.h"

#include <ATen/ATen.h>

#include "tensor/linear.h"

namespace llmbox {

namespace {

/// splitmix64: a good hash of a counter.
uint64_t mixed(uint64_t z) {
  z += 0x9e3779b97f4a7c15ULL;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
  return z ^ (z >> 31);
}

/// 0 with probability p, else 1 / (1 - p). Element i depends on (seed, i) only.
at::Tensor dropout_mask(const at::Tensor& x, double p, uint64_t seed) {
  at::Tensor mask = at::empty(x.sizes(), at::kFloat);
  float* data = mask.data_ptr<float>();
  const float kept = static_cast<float>(1 / (1 - p));
  const uint64_t limit = static_cast<uint64_t>(p * 4294967296.0);
  at::parallel_for(0, mask.numel(), 1 << 14, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i)
      data[i] = (mixed(seed + static_cast<uint64_t>(i)) >> 32) < limit ? 0.0F : kept;
  });
  return mask.to(x.options());
}

}  // namespace

at::Tensor LoraLinear::dropped(const at::Tensor& x) const {
  if (!state()->dropout_seed || state()->dropout <= 0) return x;
  return x * dropout_mask(x, state()->dropout, mixed(mixed(*state()->dropout_seed) + number_));
}

at::Tensor LoraLinear::matmul(const at::Tensor& x) const {
  const at::Tensor y = base()->matmul(x);                                            // (N, out)
  const at::Tensor narrow = llmbox::linear(dropped(x), a_.to(x.scalar_type()), {});  // (N, r)
  const at::Tensor b = b_.to(x.scalar_type());
  if (c10::InferenceMode::is_enabled()) return at::add(y, llmbox::linear(narrow, b, {}), scale_);
  return at::addmm(y, narrow, b.t(), 1, scale_);
}

at::Tensor LoraLinear::dequantize() const {
  const at::Tensor weight = base()->dequantize();
  return at::addmm(weight.to(at::kFloat), b_.to(at::kFloat), a_.to(at::kFloat), 1, scale_).to(weight.scalar_type());
}

}  // namespace llmbox
