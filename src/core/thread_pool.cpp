#include "core/thread_pool.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstdlib>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

namespace llmbox {
namespace {

using Body = std::function<void(int64_t, int64_t)>;

thread_local bool inside_worker = false;

// One parallel_for: parts are claimed in order by whoever is free.
struct Job {
  const Body& body;
  int64_t n, part;
  std::atomic<int64_t> claimed{0};
  std::mutex mutex;
  std::exception_ptr fault;

  void work() {
    for (int64_t begin = claimed.fetch_add(part); begin < n; begin = claimed.fetch_add(part)) {
      try {
        body(begin, std::min(n, begin + part));
      } catch (...) {
        const std::lock_guard lock(mutex);
        if (!fault) fault = std::current_exception();
        claimed = n;  // the rest is not started
      }
    }
  }
};

class Pool {
 public:
  explicit Pool(int threads) {
    for (int i = 1; i < threads; ++i) workers_.emplace_back([this] { serve(); });
  }

  ~Pool() {
    {
      const std::lock_guard lock(mutex_);
      ending_ = true;
    }
    wake_.notify_all();
    for (std::thread& worker : workers_) worker.join();
  }

  // False where another thread is using the pool.
  bool run(Job& job) {
    const std::unique_lock user(user_, std::try_to_lock);
    if (!user.owns_lock()) return false;
    {
      const std::lock_guard lock(mutex_);
      job_ = &job;
      busy_ = static_cast<int>(workers_.size());
      ++round_;
    }
    wake_.notify_all();
    inside_worker = true;
    job.work();
    inside_worker = false;
    std::unique_lock lock(mutex_);
    done_.wait(lock, [this] { return busy_ == 0; });
    return true;
  }

 private:
  void serve() {
    inside_worker = true;
    std::unique_lock lock(mutex_);
    for (int64_t seen = 0;;) {
      wake_.wait(lock, [&] { return ending_ || round_ != seen; });
      if (ending_) return;
      seen = round_;
      Job* job = job_;
      lock.unlock();
      job->work();
      lock.lock();
      if (--busy_ == 0) done_.notify_one();
    }
  }

  std::mutex user_, mutex_;
  std::condition_variable wake_, done_;
  std::vector<std::thread> workers_;
  Job* job_ = nullptr;
  int busy_ = 0;
  int64_t round_ = 0;
  bool ending_ = false;
};

int configured_threads() {
  for (const char* name : {"LLMBOX_THREADS", "OMP_NUM_THREADS"})
    if (const char* value = std::getenv(name); value != nullptr && std::atoi(value) > 0) return std::atoi(value);
  return std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
}

}  // namespace

int thread_count() {
  static const int count = configured_threads();
  return count;
}

void parallel_for(int64_t n, int64_t grain, const Body& body) {
  if (n <= 0) return;
  grain = std::max<int64_t>(1, grain);
  const int64_t parts_wanted = static_cast<int64_t>(thread_count()) * 4;  // a few per thread evens out unequal parts
  const int64_t part = std::max(grain, (n + parts_wanted - 1) / parts_wanted);
  if (part >= n || thread_count() == 1 || inside_worker) return body(0, n);
  static Pool pool(thread_count());
  Job job{body, n, part, {}, {}, {}};
  if (!pool.run(job)) job.work();
  if (job.fault) std::rethrow_exception(job.fault);
}

}  // namespace llmbox
