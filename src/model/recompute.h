// Activation checkpointing: runs a function without keeping its intermediate results and runs it again in the backward
// pass. The function must give the same result both times and whatever it refers to must live until then.
#pragma once

#include <ATen/core/Tensor.h>

#include <functional>
#include <vector>

namespace llmbox {

using TensorFunction = std::function<at::Tensor(const at::Tensor& x)>;

/// function(x), differentiable in x and in `parameters`: every leaf that the function reads and that requires grad.
at::Tensor recomputed(const TensorFunction& function, const at::Tensor& x, const std::vector<at::Tensor>& parameters);

}  // namespace llmbox
