#include "infer/page_pool.h"

#include "core/error.h"

namespace llmbox {

int32_t PagePool::take() {
  int32_t page = -1;
  if (!free_.empty()) {
    page = free_.back();
    free_.pop_back();
  } else if (high_water() < capacity_) {
    page = high_water();
    pages_.emplace_back();
  } else {
    return -1;
  }
  pages_[page].references = 1;
  ++n_referenced_;
  return page;
}

void PagePool::add_reference(int32_t page) {
  if (pages_[page].references++ == 0) ++n_referenced_;
}

void PagePool::drop_reference(int32_t page) {
  CHECK(pages_[page].references > 0, "page {} is not referenced", page);
  if (--pages_[page].references > 0) return;
  --n_referenced_;
  if (!pages_[page].cached) free_.push_back(page);
}

void PagePool::set_cached(int32_t page, bool cached) {
  CHECK(pages_[page].cached != cached, "page {} is cached: {}", page, cached);
  pages_[page].cached = cached;
  if (!cached && pages_[page].references == 0) free_.push_back(page);
}

}  // namespace llmbox
