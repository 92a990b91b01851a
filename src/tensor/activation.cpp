#include "tensor/activation.h"

#include "tensor/kernel_access.h"

namespace llmbox {

namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

constexpr int64_t kGrain = 8192;

at::Tensor swiglu_forward(const at::Tensor& gate, const at::Tensor& up) {
  at::Tensor y = at::empty(gate.sizes(), gate.options());
  by_type(gate, [&](auto type) {
    using T = decltype(type);
    const auto kernel = kernel_table().of<T>().rows.swiglu;
    at::parallel_for(0, gate.numel(), kGrain, [&](int64_t begin, int64_t end) {
      kernel(pointer<T>(gate) + begin, pointer<T>(up) + begin, mutable_pointer<T>(y) + begin, end - begin);
    });
  });
  return y;
}

class Swiglu : public torch::autograd::Function<Swiglu> {
 public:
  static at::Tensor forward(AutogradContext* ctx, const at::Tensor& gate, const at::Tensor& up) {
    ctx->save_for_backward({gate, up});
    return swiglu_forward(gate, up);
  }
  static variable_list backward(AutogradContext* ctx, variable_list grads) {
    const variable_list saved = ctx->get_saved_variables();
    const at::Tensor &gate = saved[0], &up = saved[1], dy = grads[0].contiguous();
    const at::Tensor dgate = at::empty(gate.sizes(), gate.options()), dup = at::empty(up.sizes(), up.options());
    by_type(gate, [&](auto type) {
      using T = decltype(type);
      const auto kernel = kernel_table().of<T>().rows.swiglu_grad;
      at::parallel_for(0, gate.numel(), kGrain, [&](int64_t begin, int64_t end) {
        kernel(pointer<T>(gate) + begin, pointer<T>(up) + begin, pointer<T>(dy) + begin,
               mutable_pointer<T>(dgate) + begin, mutable_pointer<T>(dup) + begin, end - begin);
      });
    });
    return {dgate, dup};
  }
};

}  // namespace

at::Tensor swiglu_naive(const at::Tensor& gate, const at::Tensor& up) {
  const auto wide_type = gate.scalar_type() == at::kDouble ? at::kDouble : at::kFloat;
  return (at::silu(gate.to(wide_type)) * up.to(wide_type)).to(gate.scalar_type());
}

at::Tensor swiglu(const at::Tensor& gate, const at::Tensor& up) {
  if (!kernels_take({gate, up})) return swiglu_naive(gate, up);
  if (needs_grad({gate, up})) return Swiglu::apply(gate.contiguous(), up.contiguous());
  return swiglu_forward(gate.contiguous(), up.contiguous());
}

at::Tensor gelu(const at::Tensor& x, bool tanh_approx) { return at::gelu(x, tanh_approx ? "tanh" : "none"); }

}  // namespace llmbox
