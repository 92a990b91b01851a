#include "eval/numpy_choice.h"

#include <numeric>
#include <random>

#include "core/error.h"

namespace llmbox {

std::vector<int64_t> numpy_choice(uint32_t seed, int64_t n, int64_t k) {
  CHECK(0 <= k && k <= n, "{} of {}", k, n);
  std::mt19937 generator(seed);  // the same initialisation as numpy's for an integer seed
  std::vector<int64_t> order(n);
  std::iota(order.begin(), order.end(), 0);
  for (int64_t i = n - 1; i > 0; --i) {
    uint32_t mask = 1;
    while (mask < i) mask = mask << 1 | 1;
    uint32_t j = 0;
    do j = generator() & mask;
    while (j > i);
    std::swap(order[i], order[j]);
  }
  order.resize(k);
  return order;
}

}  // namespace llmbox
