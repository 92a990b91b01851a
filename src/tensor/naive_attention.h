// Attention of one sequence in plain ATen: the twin against which the attention kernels are tested, and the form that
// runs on devices without a kernel of ours. Differentiable. The queries are the last rows of the keys' sequence.
#pragma once

#include <ATen/core/Tensor.h>

#include "tensor/segment_attention.h"

namespace llmbox {

/// q (Nq, H, D), k (Nk, K, D), v (Nk, K, Dv), Nq ≤ Nk → (Nq, H, Dv). Query i sits at position Nk - Nq + i.
at::Tensor attend_naive(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, const AttentionShape& shape);

}  // namespace llmbox
