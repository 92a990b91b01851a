// Look-up of token vectors, differentiable in the table. The gradient is dense; rows are summed in the order of the
// tokens, so the result does not depend on the number of threads.
#pragma once

#include <ATen/core/Tensor.h>

namespace llmbox {

/// weight (V, E), ids (N) int64 → (N, E). Call it as llmbox::embedding: at has one too.
at::Tensor embedding(const at::Tensor& weight, const at::Tensor& ids);

}  // namespace llmbox
