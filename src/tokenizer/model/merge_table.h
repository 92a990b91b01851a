// Pairs of ids and what they merge to: rank (lower merges first) and id, in one flat hash table. Not changed after
// loading; then thread-safe.
#pragma once

#include <cstdint>
#include <vector>

namespace llmbox {

struct Merge {
  static constexpr uint32_t kNone = 0xFFFFFFFF;
  uint32_t rank = kNone;
  int32_t id = -1;
};

class MergeTable {
 public:
  explicit MergeTable(size_t count) {
    size_t capacity = 64;
    while (capacity * 3 < count * 4) capacity *= 2;
    slots_.assign(capacity, {});
    shift_ = 64;
    for (size_t c = capacity; c > 1; c /= 2) --shift_;
  }

  /// A pair given twice takes its last rank, as in the reference.
  void add(int32_t left, int32_t right, Merge merge) { slots_[place(left, right)] = {key(left, right), merge}; }

  Merge find(int32_t left, int32_t right) const { return slots_[place(left, right)].merge; }

 private:
  static constexpr uint64_t kEmpty = ~0ull;
  struct Slot {
    uint64_t key = kEmpty;
    Merge merge;
  };
  static uint64_t key(int32_t left, int32_t right) {
    return static_cast<uint64_t>(static_cast<uint32_t>(left)) << 32 | static_cast<uint32_t>(right);
  }
  size_t place(int32_t left, int32_t right) const {
    uint64_t wanted = key(left, right);
    size_t mask = slots_.size() - 1;
    size_t i = (wanted ^ wanted >> 29) * 0x9E3779B97F4A7C15ull >> shift_;
    while (slots_[i].key != wanted && slots_[i].key != kEmpty) i = (i + 1) & mask;
    return i;
  }

  std::vector<Slot> slots_;
  int shift_;
};

}  // namespace llmbox
