// One pool of threads for work outside libtorch (reading, tokenizing, rendering). Threads start at the first use and
// live until the program ends. A call from inside a worker, or while another thread uses the pool, runs on the calling
// thread. Results must not depend on how the range is split; an exception of any part reaches the caller, once.
#pragma once

#include <cstdint>
#include <functional>

namespace llmbox {

/// Calls body(begin, end) on parts of [0, n), each of at least `grain` items but the last, and waits for all.
void parallel_for(int64_t n, int64_t grain, const std::function<void(int64_t begin, int64_t end)>& body);

/// Threads that parallel_for uses, the caller included: LLMBOX_THREADS, else OMP_NUM_THREADS, else one per core.
int thread_count();

}  // namespace llmbox
