// The draw of few-shot examples that LLMBox makes: numpy's legacy generator (MT19937, numpy.random.seed) and
// numpy.random.choice(n, k, replace=False), so that the same seed gives the same examples.
#pragma once

#include <cstdint>
#include <vector>

namespace llmbox {

/// k distinct numbers below n. Requires: 0 <= k <= n.
std::vector<int64_t> numpy_choice(uint32_t seed, int64_t n, int64_t k);

}  // namespace llmbox
