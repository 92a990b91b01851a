#include "arch/shape/alibi.h"

#include <bit>
#include <cmath>

namespace llmbox {

namespace {

/// 2^(-bias_max i / n) for i = 1 … n.
std::vector<double> sequence(uint64_t n, double bias_max) {
  std::vector<double> slopes;
  for (uint64_t i = 1; i <= n; ++i)
    slopes.push_back(std::exp2(-bias_max * static_cast<double>(i) / static_cast<double>(n)));
  return slopes;
}

}  // namespace

std::vector<double> alibi_slopes(int64_t n_head) {
  const auto n = static_cast<size_t>(n_head);
  std::vector<double> slopes = sequence(std::bit_floor(n), 8);
  const std::vector<double> finer = sequence(2 * std::bit_floor(n), 8);
  for (size_t i = 0; slopes.size() < n; i += 2) slopes.push_back(finer[i]);
  return slopes;
}

std::vector<double> alibi_slopes_from_above(int64_t n_head, double bias_max) {
  const auto n = static_cast<size_t>(n_head);
  const std::vector<double> all = sequence(std::bit_ceil(n), bias_max);
  if (all.size() == n) return all;
  std::vector<double> slopes;
  for (const size_t first : {size_t{1}, size_t{0}})
    for (size_t i = first; i < all.size() && slopes.size() < n; i += 2) slopes.push_back(all[i]);
  return slopes;
}

}  // namespace llmbox
