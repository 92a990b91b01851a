#include "tokenizer/model/word_cache.h"

#include <algorithm>
#include <memory>

namespace llmbox {

WordCache& WordCache::of_thread(uint64_t model_serial) {
  struct Owned {
    uint64_t serial;
    std::unique_ptr<WordCache> cache;
  };
  constexpr size_t kMostModels = 4;
  thread_local std::vector<Owned> owned;  // most recently used first
  for (size_t i = 0; i < owned.size(); ++i) {
    if (owned[i].serial != model_serial) continue;
    std::rotate(owned.begin(), owned.begin() + static_cast<ptrdiff_t>(i),
                owned.begin() + static_cast<ptrdiff_t>(i) + 1);
    return *owned[0].cache;
  }
  if (owned.size() == kMostModels) owned.pop_back();
  owned.insert(owned.begin(), {model_serial, std::make_unique<WordCache>()});
  return *owned[0].cache;
}

}  // namespace llmbox
