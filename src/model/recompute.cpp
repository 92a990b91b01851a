#include "model/recompute.h"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/autograd.h>

#include "tensor/differentiable.h"

namespace llmbox {

at::Tensor recomputed(const TensorFunction& function, const at::Tensor& x, const std::vector<at::Tensor>& parameters) {
  std::vector<at::Tensor> inputs = {x};
  inputs.insert(inputs.end(), parameters.begin(), parameters.end());
  const auto gradient = [function, parameters](const std::vector<at::Tensor>& saved, const at::Tensor& dy) {
    const at::AutoGradMode with_grad(true);
    const at::Tensor again = saved[0].detach().set_requires_grad(saved[0].requires_grad());
    const at::Tensor y = function(again);
    std::vector<at::Tensor> wanted;
    if (again.requires_grad()) wanted.push_back(again);
    wanted.insert(wanted.end(), parameters.begin(), parameters.end());
    std::vector<at::Tensor> result = torch::autograd::grad({y}, wanted, {dy}, false, false, true);
    if (!again.requires_grad()) result.insert(result.begin(), at::Tensor());
    return result;
  };
  return differentiable(
      inputs,
      [&] {
        return Computed{function(x), {x}};
      },
      gradient);
}

}  // namespace llmbox
