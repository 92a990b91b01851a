#include "kernels/scratch.h"

#include <cstdlib>
#include <memory>
#include <new>

namespace llmbox {

char* thread_scratch(size_t bytes) {
  struct Free {
    void operator()(char* p) const { std::free(p); }
  };
  thread_local std::unique_ptr<char, Free> block;
  thread_local size_t size = 0;
  if (bytes > size) {
    size = (bytes + 4095) / 4096 * 4096;
    block.reset(static_cast<char*>(std::aligned_alloc(64, size)));
    if (!block) {
      size = 0;
      throw std::bad_alloc();
    }
  }
  return block.get();
}

}  // namespace llmbox
