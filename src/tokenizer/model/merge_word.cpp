#include "tokenizer/model/merge_word.h"

#include <algorithm>
#include <cstring>
#include <functional>

namespace llmbox {

namespace {

constexpr size_t kLongWord = 64;

// A long word as a linked list of symbols, and the merges to do as a heap of (rank, position).
class LongWord {
 public:
  LongWord(const MergeTable& merges, std::vector<int32_t>& symbols)
      : merges_(merges), ids_(symbols), next_(symbols.size()), previous_(symbols.size()), due_(symbols.size()) {
    for (size_t i = 0; i < ids_.size(); ++i) {
      next_[i] = static_cast<uint32_t>(i + 1);
      previous_[i] = static_cast<uint32_t>(i) - 1;
    }
    for (size_t i = 0; i + 1 < ids_.size(); ++i) {
      due_[i] = merges_.find(ids_[i], ids_[i + 1]);
      if (due_[i].rank != Merge::kNone) heap_.push_back(entry(i));
    }
    std::make_heap(heap_.begin(), heap_.end(), std::greater<>());
  }

  void merge_all() {
    while (!heap_.empty()) {
      std::pop_heap(heap_.begin(), heap_.end(), std::greater<>());
      uint64_t top = heap_.back();
      heap_.pop_back();
      size_t left = top & 0xFFFFFFFF;
      if (due_[left].rank == top >> 32) merge(left);  // else what stood there has changed since
    }
    size_t kept = 0;
    for (size_t i = 0; i < ids_.size(); i = next_[i]) ids_[kept++] = ids_[i];
    ids_.resize(kept);
  }

 private:
  uint64_t entry(size_t left) const { return static_cast<uint64_t>(due_[left].rank) << 32 | left; }

  void merge(size_t left) {
    size_t right = next_[left];
    ids_[left] = due_[left].id;
    due_[right] = {};
    next_[left] = next_[right];
    if (next_[left] < ids_.size()) previous_[next_[left]] = static_cast<uint32_t>(left);
    look_up(left);
    if (left > 0) look_up(previous_[left]);
  }

  void look_up(size_t left) {
    due_[left] = next_[left] < ids_.size() ? merges_.find(ids_[left], ids_[next_[left]]) : Merge{};
    if (due_[left].rank == Merge::kNone) return;
    heap_.push_back(entry(left));
    std::push_heap(heap_.begin(), heap_.end(), std::greater<>());
  }

  const MergeTable& merges_;
  std::vector<int32_t>& ids_;
  std::vector<uint32_t> next_, previous_;
  std::vector<Merge> due_;  // the merge of each symbol with the next one
  std::vector<uint64_t> heap_;
};

}  // namespace

void merge_short_word(const MergeTable& merges, std::vector<int32_t>& symbols) {
  thread_local std::vector<Merge> due;
  size_t n = symbols.size();
  due.resize(n);
  for (size_t i = 0; i + 1 < n; ++i) due[i] = merges.find(symbols[i], symbols[i + 1]);
  while (n > 1) {
    size_t best = 0;
    for (size_t i = 1; i + 1 < n; ++i)
      if (due[i].rank < due[best].rank) best = i;
    if (due[best].rank == Merge::kNone) break;
    symbols[best] = due[best].id;
    --n;
    std::memmove(&symbols[best + 1], &symbols[best + 2], (n - best - 1) * sizeof(int32_t));
    std::memmove(&due[best], &due[best + 1], (n - best) * sizeof(Merge));
    if (best + 1 < n) due[best] = merges.find(symbols[best], symbols[best + 1]);
    if (best > 0) due[best - 1] = merges.find(symbols[best - 1], symbols[best]);
  }
  symbols.resize(n);
}

void merge_long_word(const MergeTable& merges, std::vector<int32_t>& symbols) { LongWord(merges, symbols).merge_all(); }

void merge_word_with_dropout(const MergeTable& merges, std::vector<int32_t>& symbols,
                             const std::function<bool()>& skip) {
  while (true) {
    Merge best;
    size_t where = 0;
    for (size_t i = 0; i + 1 < symbols.size(); ++i) {
      Merge due = merges.find(symbols[i], symbols[i + 1]);
      if (due.rank >= best.rank || skip()) continue;
      best = due;
      where = i;
    }
    if (best.rank == Merge::kNone) return;
    symbols[where] = best.id;
    symbols.erase(symbols.begin() + static_cast<ptrdiff_t>(where) + 1);
  }
}

void merge_word(const MergeTable& merges, std::vector<int32_t>& symbols) {
  if (symbols.size() < 2) return;
  if (symbols.size() < kLongWord) {
    merge_short_word(merges, symbols);
  } else {
    merge_long_word(merges, symbols);
  }
}

}  // namespace llmbox
