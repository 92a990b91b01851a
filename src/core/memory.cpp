#include "core/memory.h"

#if __has_include(<malloc.h>)
#include <malloc.h>
#endif

namespace llmbox {

void keep_large_blocks() {
#if defined(M_MMAP_MAX) && defined(M_TRIM_THRESHOLD)
  mallopt(M_MMAP_MAX, 0);  // M_MMAP_THRESHOLD cannot say this: glibc refuses values above 32 MiB
  mallopt(M_TRIM_THRESHOLD, 1 << 30);
#endif
}

}  // namespace llmbox
