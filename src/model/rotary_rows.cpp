#include "model/rotary_rows.h"

#include <ATen/ATen.h>

namespace llmbox {

namespace {

/// Swaps the two factors (a, b) of the rows of each head.
at::Tensor swapped(const at::Tensor& weight, int64_t n_head, int64_t a, int64_t b) {
  return weight.unflatten(0, {n_head, a, b}).transpose(1, 2).flatten(0, 2).contiguous();
}

}  // namespace

at::Tensor split_halves_from_pairs(const at::Tensor& weight, int64_t n_head) {
  return swapped(weight, n_head, weight.size(0) / n_head / 2, 2);
}

at::Tensor pairs_from_split_halves(const at::Tensor& weight, int64_t n_head) {
  return swapped(weight, n_head, 2, weight.size(0) / n_head / 2);
}

}  // namespace llmbox
