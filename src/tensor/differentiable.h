// An op with a gradient of its own as a function of autograd: what torch.autograd.Function is in Python. The one place
// that sees libtorch's templates for it, which take seconds to compile.
#pragma once

#include <ATen/core/Tensor.h>

#include <functional>
#include <vector>

namespace llmbox {

/// What an op computes: its result, and what its gradient needs (inputs, the result, others; undefined ones may be
/// among them).
struct Computed {
  at::Tensor result;
  std::vector<at::Tensor> saved;
};

/// The gradients of the inputs, in their order; undefined: none. `dy`, the result's, is contiguous. Tensors come by
/// `saved`: those that the function itself held would keep the graph alive.
using Gradient = std::function<std::vector<at::Tensor>(const std::vector<at::Tensor>& saved, const at::Tensor& dy)>;

/// compute(), which runs without autograd, as a differentiable function of `inputs` (undefined ones have no gradient).
at::Tensor differentiable(const std::vector<at::Tensor>& inputs, const std::function<Computed()>& compute,
                          Gradient gradient);

}  // namespace llmbox
