#include "model/layers/ffn.h"

#include <ATen/ATen.h>

#include <cmath>

#include "core/error.h"
#include "tensor/activation.h"
#include "tensor/linear.h"

namespace llmbox {

namespace {

/// What each row of x has above the value under which this share of a normal distribution of the row's mean and
/// deviation lies; zero below.
at::Tensor cut_off(const at::Tensor& x, double share) {
  const at::Tensor p = at::scalar_tensor(share, at::kFloat);
  const double deviations = std::sqrt(2.0) * at::erfinv(2 * p - 1).item<double>();
  const at::Tensor mean = x.mean(-1, true), spread = (x - mean).square().mean(-1, true).sqrt();
  return at::relu(x - (mean + spread * deviations));
}

}  // namespace

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
  const at::Tensor y = down_->matmul(activated(gate, up));
  return spec_.down_scale == 1 ? y : y * spec_.down_scale;
}

at::Tensor Ffn::activated(at::Tensor gate, const at::Tensor& up) const {
  if (spec_.gate_scale != 1) gate = gate * spec_.gate_scale;
  if (spec_.sparsity > 0) gate = cut_off(gate, spec_.sparsity);
  return spec_.activation == Activation::silu ? swiglu(gate, up) : activate(spec_.activation, gate) * up;
}

bool Ffn::groupable() const {
  if (!gate_ || spec_.down_scale != 1) return false;
  for (const auto* linear : {&gate_, &up_, &down_})
    if (!dynamic_cast<const DenseLinear*>(linear->get()) || (*linear)->bias().defined()) return false;
  return true;
}

at::Tensor Ffn::forward_groups(std::span<const Ffn> ffns, const at::Tensor& x, std::span<const int64_t> starts) {
  std::vector<at::Tensor> gates, ups, downs;
  for (const Ffn& ffn : ffns) {
    gates.push_back(ffn.gate_->dequantize());
    ups.push_back(ffn.up_->dequantize());
    downs.push_back(ffn.down_->dequantize());
  }
  const at::Tensor inner = ffns[0].activated(grouped_linear(x, starts, gates), grouped_linear(x, starts, ups));
  return grouped_linear(inner, starts, downs);
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
