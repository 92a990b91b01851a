#include "model/layers/ffn.h"

#include <ATen/ATen.h>

#include "core/error.h"
#include "tensor/activation.h"

namespace llmbox {

at::Tensor activate(Activation activation, const at::Tensor& x) {
  switch (activation) {
    case Activation::silu:
      return llmbox::silu(x);
    case Activation::gelu:
      return gelu(x, false);
    case Activation::gelu_tanh:
      return gelu(x, true);
    case Activation::relu:
      return at::relu(x);
    case Activation::relu_squared:
      return at::relu(x).square();
  }
  CHECK(false, "activation {}", static_cast<int>(activation));
  return x;
}

Ffn::Ffn(const FfnSpec& spec, const ParameterSource& source)
    : spec_(spec),
      gate_(spec.gate ? make_linear(*spec.gate, source) : nullptr),
      up_(make_linear(spec.up, source)),
      down_(make_linear(spec.down, source)) {}

at::Tensor Ffn::forward(const at::Tensor& x) const {
  at::Tensor up = up_->matmul(x);  // (N, F), or (N, 2F) with the gate's first
  if (!gate_ && !spec_.gate_in_up) return down_->matmul(activate(spec_.activation, up));
  const int64_t inner = spec_.down.in;
  const at::Tensor gate = gate_ ? gate_->matmul(x) : up.narrow(1, 0, inner);
  if (!gate_) up = up.narrow(1, inner, inner);
  if (spec_.activation == Activation::silu) return down_->matmul(swiglu(gate, up));
  return down_->matmul(activate(spec_.activation, gate) * up);
}

void Ffn::visit_parameters(const ParameterVisitor& visit) const {
  if (gate_) visit_linear(*spec_.gate, *gate_, visit);
  visit_linear(spec_.up, *up_, visit);
  visit_linear(spec_.down, *down_, visit);
}

void Ffn::visit_linears(const LinearVisitor& visit) {
  if (gate_) visit(*spec_.gate, gate_);
  visit(spec_.up, up_);
  visit(spec_.down, down_);
}

}  // namespace llmbox
