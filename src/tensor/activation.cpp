#include "tensor/activation.h"

namespace llmbox {

at::Tensor swiglu_naive(const at::Tensor& gate, const at::Tensor& up) {
  const auto wide_type = gate.scalar_type() == at::kDouble ? at::kDouble : at::kFloat;
  return (at::silu(gate.to(wide_type)) * up.to(wide_type)).to(gate.scalar_type());
}

at::Tensor swiglu(const at::Tensor& gate, const at::Tensor& up) { return swiglu_naive(gate, up); }

at::Tensor gelu(const at::Tensor& x, bool tanh_approx) { return at::gelu(x, tanh_approx ? "tanh" : "none"); }

}  // namespace llmbox
