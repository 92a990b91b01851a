#include "tensor/activation.h"

#include "tensor/differentiable.h"
#include "tensor/kernel_access.h"

namespace llmbox {

namespace {

constexpr int64_t kActivationGrain = 8192;

at::Tensor swiglu_forward(const at::Tensor& gate, const at::Tensor& up) {
  at::Tensor y = at::empty(gate.sizes(), gate.options());
  by_type(gate, [&](auto type) {
    using T = decltype(type);
    const auto kernel = kernel_table().of<T>().rows.swiglu;
    at::parallel_for(0, gate.numel(), kActivationGrain, [&](int64_t begin, int64_t end) {
      kernel(pointer<T>(gate) + begin, pointer<T>(up) + begin, mutable_pointer<T>(y) + begin, end - begin);
    });
  });
  return y;
}

constexpr int64_t kWholeLoop = 64;   // libtorch's vector loops take so many elements of any dtype without a rest
constexpr int64_t kBlock = 1 << 14;  // fewer than libtorch shares among threads

/// An elementwise function over blocks of whole loops at fixed places; the last one is filled up.
template <class Function>
at::Tensor in_blocks(const at::Tensor& x, const Function& function) {
  if (!c10::InferenceMode::is_enabled() || !x.is_cpu()) return function(x);
  const int64_t n = x.numel(), padded = (n + kWholeLoop - 1) / kWholeLoop * kWholeLoop;
  at::Tensor flat = x.contiguous().flatten();
  if (padded != n) flat = at::constant_pad_nd(flat, {0, padded - n});
  if (padded <= kBlock) return function(flat).narrow(0, 0, n).view(x.sizes());
  const at::Tensor y = at::empty_like(flat);
  at::parallel_for(0, (padded + kBlock - 1) / kBlock, 1, [&](int64_t begin, int64_t end) {
    const c10::InferenceMode inference;  // threads have modes of their own
    for (int64_t b = begin; b < end; ++b) {
      const int64_t first = b * kBlock, length = std::min(kBlock, padded - first);
      y.narrow(0, first, length).copy_(function(flat.narrow(0, first, length)));
    }
  });
  return y.narrow(0, 0, n).view(x.sizes());
}

/// Gradients of gate and up.
std::vector<at::Tensor> swiglu_backward(const at::Tensor& gate, const at::Tensor& up, const at::Tensor& dy) {
  const at::Tensor dgate = at::empty(gate.sizes(), gate.options()), dup = at::empty(up.sizes(), up.options());
  by_type(gate, [&](auto type) {
    using T = decltype(type);
    const auto kernel = kernel_table().of<T>().rows.swiglu_grad;
    at::parallel_for(0, gate.numel(), kActivationGrain, [&](int64_t begin, int64_t end) {
      kernel(pointer<T>(gate) + begin, pointer<T>(up) + begin, pointer<T>(dy) + begin,
             mutable_pointer<T>(dgate) + begin, mutable_pointer<T>(dup) + begin, end - begin);
    });
  });
  return {dgate, dup};
}

}  // namespace

at::Tensor swiglu_naive(const at::Tensor& gate, const at::Tensor& up) {
  const auto wide_type = gate.scalar_type() == at::kDouble ? at::kDouble : at::kFloat;
  return (at::silu(gate.to(wide_type)) * up.to(wide_type)).to(gate.scalar_type());
}

at::Tensor swiglu(const at::Tensor& gate, const at::Tensor& up) {
  if (!kernels_take({gate, up})) return swiglu_naive(gate, up);
  const at::Tensor g = gate.contiguous(), u = up.contiguous();
  if (!needs_grad({gate, up})) return swiglu_forward(g, u);
  return differentiable(
      {g, u},
      [&] {
        return Computed{swiglu_forward(g, u), {g, u}};
      },
      [](const auto& saved, const at::Tensor& dy) { return swiglu_backward(saved[0], saved[1], dy); });
}

at::Tensor gelu(const at::Tensor& x, bool tanh_approx) {
  return in_blocks(x, [&](const at::Tensor& part) { return at::gelu(part, tanh_approx ? "tanh" : "none"); });
}

at::Tensor sigmoid(const at::Tensor& x) {
  return in_blocks(x, [](const at::Tensor& part) { return at::sigmoid(part); });
}

at::Tensor silu(const at::Tensor& x) {
  return in_blocks(x, [](const at::Tensor& part) { return at::silu(part); });
}

at::Tensor softplus(const at::Tensor& x) {
  return in_blocks(x, [](const at::Tensor& part) { return at::softplus(part); });
}

at::Tensor tanh(const at::Tensor& x) {
  return in_blocks(x, [](const at::Tensor& part) { return at::tanh(part); });
}

at::Tensor exp(const at::Tensor& x) {
  return in_blocks(x, [](const at::Tensor& part) { return at::exp(part); });
}

}  // namespace llmbox
