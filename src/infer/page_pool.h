// Who holds which page of the key/value cache. A page is referenced (by running sequences, counted), cached (by the
// prefix tree), both, or free. The pool knows numbers only; the tensors are KvCache's. Numbers below high_water() have
// been handed out at least once, so the tensors need no more rows than that. Not thread-safe.
#pragma once

#include <cstdint>
#include <vector>

namespace llmbox {

class PagePool {
 public:
  explicit PagePool(int32_t capacity) : capacity_(capacity) {}

  /// A free page with one reference; -1 where none is free.
  int32_t take();
  void add_reference(int32_t page);
  void drop_reference(int32_t page);
  void set_cached(int32_t page, bool cached);

  int32_t references(int32_t page) const { return pages_[page].references; }
  int32_t capacity() const { return capacity_; }
  int32_t high_water() const { return static_cast<int32_t>(pages_.size()); }
  int32_t n_referenced() const { return n_referenced_; }
  int32_t n_free() const { return capacity_ - high_water() + static_cast<int32_t>(free_.size()); }

 private:
  struct Page {
    int32_t references = 0;
    bool cached = false;
  };

  int32_t capacity_;
  int32_t n_referenced_ = 0;
  std::vector<Page> pages_;
  std::vector<int32_t> free_;
};

}  // namespace llmbox
