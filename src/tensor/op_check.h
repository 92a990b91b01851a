// What the tests of ops share: random inputs, comparison of an op with its naive twin (values and gradients), and runs
// over every kernel table. Test code only.
#pragma once

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "kernels/kernel_table.h"

namespace llmbox {

using Tensors = std::vector<at::Tensor>;
using Op = std::function<at::Tensor(const Tensors&)>;

inline at::Tensor random_tensor(at::IntArrayRef sizes, at::ScalarType type, uint64_t seed, double scale = 1) {
  auto generator = at::make_generator<at::CPUGeneratorImpl>(seed);
  return (at::randn(sizes, generator, at::kFloat) * scale).to(type);
}

/// Output followed by the gradients of Σ output · direction in every floating input.
inline Tensors value_and_gradients(const Op& op, const Tensors& inputs, at::ScalarType type) {
  Tensors leaves;
  for (const at::Tensor& x : inputs) {
    leaves.push_back(x.is_floating_point() ? x.detach().to(type, false, true).requires_grad_(true) : x);
  }
  const at::Tensor y = op(leaves);
  const at::Tensor direction = random_tensor(y.sizes(), at::kFloat, 77).to(y.scalar_type());
  (y * direction).sum().backward();
  Tensors result{y.detach()};
  for (const at::Tensor& x : leaves) {
    if (x.is_floating_point()) result.push_back(x.grad());
  }
  return result;
}

inline double relative_error(const at::Tensor& ours, const at::Tensor& truth) {
  const at::Tensor wide = truth.to(at::kDouble);
  const double error = (ours.to(at::kDouble) - wide).norm().item<double>();
  return error / (wide.norm().item<double>() + 0.05);  // a gradient may be zero but for rounding
}

/// The op in `type` against its naive twin in float64, values and all gradients, under every kernel table.
inline void expect_equal_to_naive(const Op& op, const Op& naive, const Tensors& inputs, at::ScalarType type) {
  Tensors rounded;
  for (const at::Tensor& x : inputs) rounded.push_back(x.is_floating_point() ? x.to(type) : x);
  const Tensors truth = value_and_gradients(naive, rounded, at::kDouble);
  const double tolerance = type == at::kFloat ? 3e-6 : 1e-2;
  for (const KernelTable& table : runnable_kernel_tables()) {
    use_kernel_table(table);
    const Tensors ours = value_and_gradients(op, rounded, type);
    for (size_t i = 0; i < truth.size(); ++i) {
      EXPECT_EQ(ours[i].sizes(), truth[i].sizes());
      EXPECT_LE(relative_error(ours[i], truth[i]), tolerance) << table.name << " output " << i << " of " << type;
    }
  }
  use_kernel_table(runnable_kernel_tables().front());
}

/// The naive twin's gradient in float64 against central differences: ties the chain of comparisons to the definition.
inline void expect_gradient_of_differences(const Op& op, const Tensors& inputs) {
  const Tensors analytic = value_and_gradients(op, inputs, at::kDouble);
  const at::Tensor direction = random_tensor(analytic[0].sizes(), at::kFloat, 77).to(at::kDouble);
  const at::NoGradGuard no_grad;
  Tensors wide;
  for (const at::Tensor& x : inputs) wide.push_back(x.is_floating_point() ? x.to(at::kDouble, false, true) : x);
  size_t gradient = 1;
  for (size_t i = 0; i < wide.size(); ++i) {
    if (!wide[i].is_floating_point()) continue;
    const at::Tensor step = random_tensor(wide[i].sizes(), at::kFloat, 5 + i).to(at::kDouble) * 1e-5;
    const at::Tensor kept = wide[i];
    wide[i] = kept + step;
    const double up = (op(wide) * direction).sum().item<double>();
    wide[i] = kept - step;
    const double down = (op(wide) * direction).sum().item<double>();
    wide[i] = kept;
    const double expected = 2 * (analytic[gradient++] * step).sum().item<double>();
    EXPECT_NEAR(up - down, expected, 1e-6 * std::abs(expected) + 1e-10) << "input " << i;
  }
}

}  // namespace llmbox
