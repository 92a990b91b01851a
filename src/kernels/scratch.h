// Working memory of one thread, kept between calls: kernels ask for what they need and allocate nothing in their loops.
#pragma once

#include <cstddef>

namespace llmbox {

/// At least `bytes`, aligned to 64; valid until this thread's next call. Contents are whatever was there.
char* thread_scratch(size_t bytes);

/// Hands out consecutive aligned pieces of one block of scratch.
class ScratchCutter {
 public:
  explicit ScratchCutter(char* base) : next_(base) {}
  template <class T>
  T* take(size_t count) {
    T* piece = reinterpret_cast<T*>(next_);
    next_ += size_of<T>(count);
    return piece;
  }
  template <class T>
  static size_t size_of(size_t count) {
    return (count * sizeof(T) + 63) / 64 * 64;
  }

 private:
  char* next_;
};

}  // namespace llmbox
