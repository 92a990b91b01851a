// Pairs of ids and what they merge to: rank (lower merges first) and id, in one flat hash table. Most look-ups find
// nothing, and one byte per place tells so: that row of bytes stays in the cache. Not changed after loading; then
// thread-safe.
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
    while (capacity * 5 < count * 8) capacity *= 2;
    slots_.resize(capacity);
    tags_.assign(capacity, 0);
    shift_ = 64;
    for (size_t c = capacity; c > 1; c /= 2) --shift_;
  }

  /// A pair given twice takes its last rank, as in the reference.
  void add(int32_t left, int32_t right, Merge merge) {
    Place at = place(left, right);
    tags_[at.index] = at.tag;
    slots_[at.index] = {key(left, right), merge};
  }

  void prefetch(int32_t left, int32_t right) const {
    uint64_t wanted = key(left, right);
    size_t i = (wanted ^ wanted >> 29) * 0x9E3779B97F4A7C15ull >> shift_;
    __builtin_prefetch(&tags_[i]);
    __builtin_prefetch(&slots_[i]);
  }

  Merge find(int32_t left, int32_t right) const {
    Place at = place(left, right);
    return tags_[at.index] ? slots_[at.index].merge : Merge{};
  }

 private:
  struct Slot {
    uint64_t key;
    Merge merge;
  };
  struct Place {
    size_t index;
    uint8_t tag;
  };
  static uint64_t key(int32_t left, int32_t right) {
    return static_cast<uint64_t>(static_cast<uint32_t>(left)) << 32 | static_cast<uint32_t>(right);
  }
  // Where the pair is or, tag 0, would be.
  Place place(int32_t left, int32_t right) const {
    uint64_t wanted = key(left, right);
    uint64_t hash = (wanted ^ wanted >> 29) * 0x9E3779B97F4A7C15ull;
    auto tag = static_cast<uint8_t>((hash >> 8 & 0xFF) | 1);
    size_t mask = slots_.size() - 1;
    size_t i = hash >> shift_;
    while (tags_[i] != 0 && (tags_[i] != tag || slots_[i].key != wanted)) i = (i + 1) & mask;
    return {i, tag};
  }

  std::vector<Slot> slots_;
  std::vector<uint8_t> tags_;  // of each slot; 0: empty
  int shift_;
};

}  // namespace llmbox
