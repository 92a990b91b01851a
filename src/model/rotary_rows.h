// The two orders of the rows of q and k: hub folders pair dimension i of a head with i + D/2, GGUF's llama and llama2.c
// pair neighbours. The rotation is the same; the rows are permuted within each head.
#pragma once

#include <ATen/core/Tensor.h>

namespace llmbox {

/// weight (heads · D, …), neighbours paired → halves paired. Error-free for any D that is even.
at::Tensor split_halves_from_pairs(const at::Tensor& weight, int64_t n_head);

/// The inverse.
at::Tensor pairs_from_split_halves(const at::Tensor& weight, int64_t n_head);

}  // namespace llmbox
