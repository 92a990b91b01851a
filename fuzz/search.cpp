// The target under libFuzzer.
#include "fuzz/target.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  llmbox::fuzz_one({reinterpret_cast<const char*>(data), size});
  return 0;
}
